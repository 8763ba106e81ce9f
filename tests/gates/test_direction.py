"""Learned direction against a reference written from its definition, and against worlds that have one."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from gates import direction
from gates.bank import build_bank
from gates.contracts import Bank, DoubleArray, IntArray, Window
from gates.direction import Direction, Maps, fit_maps, learned_direction, tell_direction
from gates.ridge import RidgeFit, holdout_articles
from gates.windows import window_rows
from schemas.errors import DataError
from schemas.records.evidence import Metric
from tests.gates import naive_intervals
from tests.gates.conftest import awkward_bank

CONFIDENCE = 0.9
CLOSE = 1e-4
STRENGTHS = (1e-3, 1e-2, 1e-1)
ORDER_STRENGTH = 1e-3

Place = tuple[int, int]


def rebuilt(bank: Bank, chunks: Callable[[IntArray], IntArray]) -> Bank:
    """The bank with the chunks of every article renumbered."""
    numbers = np.concatenate([chunks(bank.chunks[bank.articles == a]) for a in np.unique(bank.articles)])
    return build_bank(bank.vectors, bank.articles, numbers, source="rebuilt")


def mirrored(bank: Bank) -> Bank:
    return rebuilt(bank, lambda chunks: -chunks)


def shuffled(bank: Bank, seed: int) -> Bank:
    rng = np.random.default_rng(seed)
    return rebuilt(bank, rng.permutation)


def directed_bank(*, push: float, seed: int, articles: int = 60, chunks: int = 60, half: int = 8) -> Bank:
    """x[t] = unit([u[t], push u[t-1]]) in a random rotation, u[t] independent.

    The past holds u[t], which is push / sqrt(1 + push^2) of the next chunk; the future holds u[t-1],
    which is only 1 / sqrt(1 + push^2) of the previous one.
    """
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.standard_normal((2 * half, 2 * half)))
    fresh = rng.standard_normal((articles, chunks + 1, half))
    rows = np.concatenate([fresh[:, 1:], push * fresh[:, :-1]], axis=2) @ turn
    return build_bank(
        rows.reshape(-1, 2 * half),
        np.repeat(np.arange(articles), chunks),
        np.tile(np.arange(chunks), articles),
        source="directed",
    )


def drifting_bank(*, seed: int, articles: int = 20, chunks: int = 30, width: int = 8) -> Bank:
    """Every article moves along the same line: early and late chunks differ, ahead and behind do not."""
    rng = np.random.default_rng(seed)
    line = rng.standard_normal(width)
    places = np.linspace(-1, 1, chunks)[None, :, None]
    rows = places * line + 0.7 * rng.standard_normal((articles, chunks, width))
    return build_bank(
        rows.reshape(-1, width),
        np.repeat(np.arange(articles), chunks),
        np.tile(np.arange(chunks), articles),
        source="drifting",
    )


def learned(bank: Bank, fitted: Sequence[int], *, context: int = 5, seed: int = 0) -> Direction:
    """Fit on the given articles, measure on all others."""
    every = np.unique(bank.articles)
    held_out = np.setdiff1d(every, fitted)
    return learned_direction(
        bank,
        window_rows(bank, np.array(fitted), Window(context, 1)),
        window_rows(bank, held_out, Window(context, 1)),
        context=context,
        confidence=CONFIDENCE,
        seed=seed,
    )


class Reference:
    """The same four figures, one window at a time, keyed by (article, chunk)."""

    def __init__(self, bank: Bank, fitted: Sequence[int], *, context: int, seed: int) -> None:
        self.context = context
        self.chunks: dict[Place, DoubleArray] = {
            (int(a), int(c)): vector.astype(np.float64)
            for a, c, vector in zip(bank.articles, bank.chunks, bank.vectors, strict=True)
        }
        windows = [
            (a, c) for a, c in self.chunks if all((a, c + step) in self.chunks for step in range(context + 1))
        ]
        self.fitted = [place for place in windows if place[0] in fitted]
        self.tested = [place for place in windows if place[0] not in fitted]
        owners = np.array([a for a, _ in self.fitted])
        self.held = holdout_articles(owners, fraction=0.2, seed=seed).tolist()

    def chunk(self, place: Place, step: int) -> DoubleArray:
        return self.chunks[place[0], place[1] + step]

    def ahead(self, place: Place) -> tuple[DoubleArray, DoubleArray]:
        """The first ``context`` chunks of a window, and the one that follows them."""
        context = np.concatenate([self.chunk(place, i) for i in range(self.context)])
        return context, self.chunk(place, self.context)

    def behind(self, place: Place) -> tuple[DoubleArray, DoubleArray]:
        """The last ``context`` chunks of the same window, and the one before them."""
        context = np.concatenate([self.chunk(place, i + 1) for i in range(self.context)])
        return context, self.chunk(place, 0)

    def cosines(self, side: Callable[[Place], tuple[DoubleArray, DoubleArray]]) -> list[float]:
        learning = [side(p) for p, held in zip(self.fitted, self.held, strict=True) if not held]
        choosing = [side(p) for p, held in zip(self.fitted, self.held, strict=True) if held]
        scores = {s: math.fsum(scored(solved(learning, s), choosing)) / len(choosing) for s in STRENGTHS}
        best = max(scores, key=lambda strength: scores[strength])
        return scored(solved([*learning, *choosing], best), [side(p) for p in self.tested])

    def told(self) -> list[bool]:
        """Whether w . (mirrored differences) is positive, w by least squares to +1, a little damped."""
        features = np.array([self.differences(place) for place in self.fitted])
        gram = features.T @ features + len(features) * ORDER_STRENGTH * np.eye(features.shape[1])
        weight = np.linalg.solve(gram, features.T @ np.ones(len(features)))
        return [float(self.differences(place) @ weight) > 0 for place in self.tested]

    def differences(self, place: Place) -> DoubleArray:
        """Last chunk minus first, last but one minus second, ...; a middle chunk mirrors itself."""
        pairs = [(i, self.context - i) for i in range(self.context + 1) if i < self.context - i]
        return np.concatenate([self.chunk(place, j) - self.chunk(place, i) for i, j in pairs])

    @property
    def owners(self) -> list[int]:
        return [article for article, _ in self.tested]


def solved(
    samples: Sequence[tuple[DoubleArray, DoubleArray]], strength: float
) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
    """Ridge on centred data: (X'X + n s I) W = X'Y; the intercept is free."""
    x, y = (np.array([sample[side] for sample in samples]) for side in (0, 1))
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    x, y = x - x_mean, y - y_mean
    return np.linalg.solve(x.T @ x + len(x) * strength * np.eye(x.shape[1]), x.T @ y), x_mean, y_mean


def scored(
    fit: tuple[DoubleArray, DoubleArray, DoubleArray], samples: Sequence[tuple[DoubleArray, DoubleArray]]
) -> list[float]:
    weight, x_mean, y_mean = fit
    found = []
    for context, target in samples:
        predicted = (context - x_mean) @ weight + y_mean
        found.append(float(predicted @ target) / math.sqrt(float(predicted @ predicted * (target @ target))))
    return found


def same(metric: Metric, expected: naive_intervals.Interval, owners: Sequence[int]) -> None:
    assert (metric.value, metric.low, metric.high) == pytest.approx(expected, abs=CLOSE)
    assert (metric.n, metric.articles) == (len(owners), len(set(owners)))


@pytest.mark.parametrize("context", [1, 4, 5])
@pytest.mark.parametrize(
    "bank",
    [awkward_bank(), awkward_bank(seed=5), directed_bank(push=3.0, seed=2, articles=8, chunks=24, half=3)],
    ids=["awkward", "other", "directed"],
)
def test_every_figure_and_interval_is_that_of_the_reference(bank: Bank, context: int) -> None:
    fitted = (0, 2, 5, 7)
    found = learned(bank, fitted, context=context, seed=3)
    reference = Reference(bank, fitted, context=context, seed=3)
    ahead, behind = reference.cosines(reference.ahead), reference.cosines(reference.behind)
    owners = reference.owners
    same(found.forward, naive_intervals.of_mean(ahead, owners, CONFIDENCE), owners)
    same(found.backward, naive_intervals.of_mean(behind, owners, CONFIDENCE), owners)
    differences = [one - two for one, two in zip(ahead, behind, strict=True)]
    same(found.difference, naive_intervals.of_mean(differences, owners, CONFIDENCE), owners)
    same(found.order, naive_intervals.of_share(reference.told(), owners, CONFIDENCE), owners)


@pytest.mark.parametrize("seed", range(3))
def test_a_world_with_built_in_direction_is_found_forward_and_its_reversal_backward(seed: int) -> None:
    bank = directed_bank(push=3.0, seed=seed)
    found = learned(bank, range(30))
    # u[t] is 3 / sqrt(10) of the next chunk, u[t-1] is 1 / sqrt(10) of the previous one.
    assert found.forward.value == pytest.approx(3 / math.sqrt(10), abs=0.03)
    assert found.backward.value == pytest.approx(1 / math.sqrt(10), abs=0.03)
    assert (found.difference.low or 0.0) > 0.5
    back = learned(mirrored(bank), range(30))
    assert (back.difference.high or 0.0) < -0.5


@pytest.mark.parametrize("push", [0.2, 1 / 3])
def test_a_world_whose_past_is_plainer_is_directed_backward(push: float) -> None:
    assert (learned(directed_bank(push=push, seed=0), range(30)).difference.high or 0.0) < -0.5


def test_a_world_that_looks_equally_far_both_ways_is_not_directed() -> None:
    found = learned(directed_bank(push=1.0, seed=1), range(30))
    assert abs(found.difference.value or 0.0) < 0.005


@pytest.mark.parametrize(
    "bank",
    [awkward_bank(), directed_bank(push=3.0, seed=3), drifting_bank(seed=3)],
    ids=["awkward", "directed", "drifting"],
)
def test_a_bank_and_its_reversal_swap_forward_and_backward(bank: Bank) -> None:
    fitted = np.unique(bank.articles)[::2].tolist()
    found, back = learned(bank, fitted), learned(mirrored(bank), fitted)
    for one, two in ((found.forward, back.backward), (found.backward, back.forward)):
        assert (one.value, one.low, one.high) == pytest.approx((two.value, two.low, two.high), abs=CLOSE)
    difference = back.difference
    assert found.difference.value == pytest.approx(-(difference.value or 0.0), abs=CLOSE)
    assert found.difference.low == pytest.approx(-(difference.high or 0.0), abs=CLOSE)
    assert found.difference.high == pytest.approx(-(difference.low or 0.0), abs=CLOSE)


@pytest.mark.parametrize("bank", [awkward_bank(), drifting_bank(seed=4)], ids=["awkward", "drifting"])
def test_the_order_test_does_not_care_which_way_an_order_runs(bank: Bank) -> None:
    # The weight changes its sign with the features, so every window is told as before.
    fitted = np.unique(bank.articles)[::2].tolist()
    assert learned(bank, fitted).order == learned(mirrored(bank), fitted).order


@pytest.mark.parametrize("seed", range(4))
def test_a_shuffled_bank_has_no_direction_and_no_order(seed: int) -> None:
    bank = shuffled(directed_bank(push=3.0, seed=seed, articles=120, chunks=120, half=4), seed)
    found = learned(bank, range(60))
    assert found.order.low is not None
    assert found.order.high is not None
    assert found.order.low < 0.5 < found.order.high
    assert abs(found.difference.value or 0.0) < 0.005


def test_an_order_that_all_articles_share_is_told_on_articles_never_seen() -> None:
    found = learned(drifting_bank(seed=0), range(10))
    assert (found.order.low or 0.0) > 0.6
    # As likely to be read forward as backward: order is not direction.
    assert found.difference.low is not None
    assert found.difference.high is not None
    assert found.difference.low < 0 < found.difference.high


def test_windows_that_equal_their_reversal_are_not_told() -> None:
    rng = np.random.default_rng(0)
    # Chunks all alike within an article: every difference is zero, and a tie is no win.
    rows = np.repeat(rng.standard_normal((6, 4)), 9, axis=0)
    bank = build_bank(rows, np.repeat(np.arange(6), 9), np.tile(np.arange(9), 6), source="still")
    found = learned(bank, range(3))
    assert found.order.value == 0.0
    assert found.difference.value == pytest.approx(0.0, abs=1e-6)


def agreement(maps: Maps, window: DoubleArray) -> float:
    """How well the two maps predict the last chunk of a window and its first."""

    def cosine(fit: RidgeFit, context: DoubleArray, target: DoubleArray) -> float:
        predicted = context.reshape(-1) @ fit.weight + fit.bias
        return float(predicted @ target / np.linalg.norm(predicted) / np.linalg.norm(target))

    return cosine(maps.forward, window[:-1], window[-1]) + cosine(maps.backward, window[1:], window[0])


@pytest.mark.parametrize("context", [1, 4, 5])
def test_a_window_is_told_by_whether_the_maps_predict_it_better_than_its_reversal(context: int) -> None:
    bank = drifting_bank(seed=2)
    maps = learned(bank, range(10), context=context).maps
    rows = window_rows(bank, np.arange(10, 14), Window(context, 1))
    told = tell_direction(bank, maps, rows, context=context)
    windows = [bank.vectors[row - context + 1 : row + 2].astype(np.float64) for row in rows]
    assert told.tolist() == [agreement(maps, each) > agreement(maps, each[::-1]) for each in windows]
    assert 0.5 < told.mean() < 1.0


def test_of_a_window_and_its_reversal_only_one_is_told() -> None:
    bank = directed_bank(push=3.0, seed=4, articles=12, chunks=20)
    maps = learned(bank, range(6)).maps
    rows = window_rows(bank, np.arange(6, 12), Window(5, 1))
    there = tell_direction(bank, maps, rows, context=5)
    back = tell_direction(mirrored(bank), maps, rows, context=5)
    # Read backwards, an article's windows come in reverse order.
    mirror = np.concatenate([np.flatnonzero(bank.articles[rows] == a)[::-1] for a in range(6, 12)])
    assert there.tolist() == (~back[mirror]).tolist()
    assert there.mean() > 0.9


def test_a_map_fitted_at_one_strength_is_the_one_that_was_chosen() -> None:
    bank = directed_bank(push=3.0, seed=4, articles=12, chunks=20)
    rows = window_rows(bank, np.arange(6), Window(5, 1))
    chosen = learned(bank, range(6)).maps.forward
    again = fit_maps(bank, rows, context=5, seed=9, strengths=(chosen.strength,)).forward
    np.testing.assert_allclose(again.weight, chosen.weight, atol=1e-3)


def test_the_size_of_the_blocks_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    bank = awkward_bank()
    whole = learned(bank, (0, 2, 5, 7))
    monkeypatch.setattr(direction, "_BLOCK", 7)
    parts = learned(bank, (0, 2, 5, 7))
    for one, two in zip(
        (whole.forward, whole.backward, whole.difference, whole.order),
        (parts.forward, parts.backward, parts.difference, parts.order),
        strict=True,
    ):
        assert one.value == pytest.approx(two.value, abs=CLOSE)


def test_one_fitted_article_leaves_none_to_choose_the_strength_on() -> None:
    with pytest.raises(DataError, match="needs windows of at least 2 articles, one to hold out; found 1"):
        learned(awkward_bank(), (0,))


def test_nothing_is_learned_from_the_articles_that_are_measured() -> None:
    bank = awkward_bank()
    vectors = bank.vectors.copy()
    vectors[bank.articles == 1] = -vectors[bank.articles == 0][:26]
    changed = replace(bank, vectors=vectors)
    fitted, kept, both = (
        window_rows(bank, np.array(articles), Window(5, 1)) for articles in ([0, 2, 5, 7], [3, 6], [1, 3, 6])
    )

    def measured(bank: Bank, rows: IntArray) -> Direction:
        return learned_direction(bank, fitted, rows, context=5, confidence=CONFIDENCE, seed=0)

    assert measured(bank, kept) == measured(changed, kept)
    assert measured(bank, both) != measured(changed, both)
