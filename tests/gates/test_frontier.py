"""The linear family against a reference written from its formula, one window at a time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from gatekeeper.data.synthetic.worlds import TRAP, build_world
from gates import frontier
from gates.bank import build_bank
from gates.contracts import (
    Bank,
    Dataset,
    DoubleArray,
    FloatArray,
    IntArray,
    Predictor,
    Queries,
    Split,
    Window,
)
from gates.controls import make_controls
from gates.frontier import ALPHAS, linear_frontier
from gates.geometry import cosine_to_rows
from gates.ridge import holdout_articles
from gates.windows import context_rows, window_rows
from schemas.errors import DataError
from schemas.records.audit import FrontierOfSplit, FrontierPoint
from schemas.records.evidence import Metric
from tests.gates import naive_intervals
from tests.gates.conftest import awkward_bank

CONFIDENCE = 0.9
CLOSE = 1e-4
STRENGTHS = (1e-3, 1e-2, 1e-1)
FITTED, SPLITS = (0, 2, 5, 7), {"val": (1, 3), "ood": (4, 6)}

Place = tuple[int, int]


def family(
    bank: Bank,
    *,
    context: int = 5,
    horizon: int = 1,
    alphas: Sequence[float] = ALPHAS,
    seed: int = 0,
    fitted: Sequence[int] = FITTED,
) -> dict[str, FrontierOfSplit]:
    def rows(articles: Sequence[int]) -> IntArray:
        return window_rows(bank, np.array(articles), Window(context, horizon))

    return linear_frontier(
        bank,
        rows(fitted),
        {name: rows(articles) for name, articles in SPLITS.items()},
        Window(context, horizon),
        confidence=CONFIDENCE,
        seed=seed,
        alphas=alphas,
    )


@dataclass(frozen=True)
class Sample:
    """What the reference notes of one window: cosines by offset, rank among the unseen, article."""

    cosines: dict[int, float]
    rank: int
    article: int


class Reference:
    """The family in float64, keyed by (article, chunk); ridge by ``numpy.linalg.solve``."""

    def __init__(
        self, bank: Bank, *, context: int, horizon: int, seed: int, strengths: Sequence[float] = STRENGTHS
    ) -> None:
        self.context, self.horizon = context, horizon
        self.chunks: dict[Place, DoubleArray] = {
            (int(a), int(c)): vector.astype(np.float64)
            for a, c, vector in zip(bank.articles, bank.chunks, bank.vectors, strict=True)
        }
        learning = [(a, t) for a, t in self.targets(-1, 1) if a in FITTED]
        held = holdout_articles(np.array([a for a, _ in learning]), fraction=0.2, seed=seed).tolist()
        x = np.array([self.window(place) for place in learning])
        target = np.array([self.chunks[place] for place in learning])
        around = np.array([np.concatenate([self.at(place, k) for k in (-1, 1)]) for place in learning])
        kept = [row for row, out in enumerate(held) if not out]
        choosing = [row for row, out in enumerate(held) if out]
        scores = {}
        for strength in strengths:
            fit = solved(x[kept], target[kept], strength)
            scores[strength] = math.fsum(cosine(applied(fit, x[r]), target[r]) for r in choosing)
        best = max(scores, key=lambda strength: scores[strength])
        self.fit = solved(x, np.hstack([target, around]), best)

    def targets(self, first: int, last: int) -> list[Place]:
        """Targets with a whole context before them and every chunk from ``first`` to ``last`` around."""
        least = min(first, 1 - self.context - self.horizon)
        return [
            (a, c) for a, c in self.chunks if all((a, c + k) in self.chunks for k in range(least, last + 1))
        ]

    def at(self, place: Place, offset: int) -> DoubleArray:
        return self.chunks[place[0], place[1] + offset]

    def window(self, target: Place) -> DoubleArray:
        places = range(1 - self.context - self.horizon, 1 - self.horizon)
        return np.concatenate([self.at(target, k) for k in places])

    def predict(self, target: Place, alpha: float) -> DoubleArray:
        middle, before, after = np.split(applied(self.fit, self.window(target)), 3)
        found = middle - alpha * (before + after) / 2
        return np.asarray(found / math.sqrt(float(found @ found)))

    def sample(self, target: Place, alpha: float) -> Sample:
        prediction = self.predict(target, alpha)
        own = float(prediction @ self.chunks[target])
        seen = {target[1] - self.horizon - i for i in range(self.context)}
        rivals = [
            float(prediction @ vector)
            for (article, chunk), vector in self.chunks.items()
            if article == target[0] and chunk != target[1] and chunk not in seen
        ]
        rank = 1 + sum(rival > own or math.isclose(rival, own, abs_tol=1e-12) for rival in rivals)
        cosines = {k: float(prediction @ self.at(target, k)) for k in range(-3, 4)}
        return Sample(cosines, rank, target[0])

    def samples(self, articles: Sequence[int], alpha: float) -> list[Sample]:
        return [self.sample(place, alpha) for place in self.targets(-3, 3) if place[0] in articles]

    def constant(self, articles: Sequence[int]) -> list[float]:
        mean = np.mean(list(self.chunks.values()), axis=0)
        return [cosine(mean, self.chunks[place]) for place in self.targets(-3, 3) if place[0] in articles]


Fit = tuple[DoubleArray, DoubleArray, DoubleArray]


def solved(x: DoubleArray, y: DoubleArray, strength: float) -> Fit:
    """(X'X + n s I) W = X'Y on centred data; the intercept is free."""
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    x, y = x - x_mean, y - y_mean
    weight = np.linalg.solve(x.T @ x + len(x) * strength * np.eye(x.shape[1]), x.T @ y)
    return np.asarray(weight), np.asarray(x_mean), np.asarray(y_mean)


def applied(fit: Fit, context: DoubleArray) -> DoubleArray:
    weight, x_mean, y_mean = fit
    return np.asarray((context - x_mean) @ weight + y_mean)


def cosine(one: DoubleArray, two: DoubleArray) -> float:
    return float(one @ two) / math.sqrt(float(one @ one) * float(two @ two))


def same(metric: Metric, expected: naive_intervals.Interval, owners: Sequence[int]) -> None:
    assert (metric.value, metric.low, metric.high) == pytest.approx(expected, abs=CLOSE)
    assert (metric.n, metric.articles) == (len(owners), len(set(owners)))


def margin_of(samples: Sequence[Sample]) -> naive_intervals.Interval:
    rivals = [k for k in range(-3, 4) if k != 0]
    columns = [[sample.cosines[0] - sample.cosines[k] for sample in samples] for k in rivals]
    return naive_intervals.of_least(columns, [sample.article for sample in samples], CONFIDENCE)


@pytest.mark.parametrize(("context", "horizon", "seed"), [(5, 1, 0), (5, 2, 1), (3, 3, 2), (1, 1, 3)])
def test_every_point_of_the_family_is_that_of_the_reference(context: int, horizon: int, seed: int) -> None:
    bank = awkward_bank(seed=seed)
    # Article 4 of ood has three chunks and no window; article 2 has a gap.
    found = family(bank, context=context, horizon=horizon, seed=seed)
    reference = Reference(bank, context=context, horizon=horizon, seed=seed)
    assert list(found) == list(SPLITS)
    assert [point.alpha for point in found["val"].points] == list(ALPHAS)
    for point in found["val"].points:
        samples = reference.samples(SPLITS["val"], point.alpha)
        owners = [sample.article for sample in samples]
        same(point.margin, margin_of(samples), owners)
        cosines = [sample.cosines[0] for sample in samples]
        same(point.cos, naive_intervals.of_mean(cosines, owners, CONFIDENCE), owners)
        hits = [sample.rank <= 5 for sample in samples]
        same(point.recall, naive_intervals.of_share(hits, owners, CONFIDENCE), owners)
    owners = [sample.article for sample in reference.samples(SPLITS["val"], 0.0)]
    constant = naive_intervals.of_mean(reference.constant(SPLITS["val"]), owners, CONFIDENCE)
    same(found["val"].constant_cos, constant, owners)


@pytest.mark.parametrize("seed", range(3))
def test_the_margin_rises_and_falls_over_alpha_as_in_the_reference(seed: int) -> None:
    bank, alphas = awkward_bank(seed=seed), (0.0, 0.4, 0.8, 1.2, 1.6)
    reference = Reference(bank, context=5, horizon=1, seed=0)
    found = [point.margin.value or 0.0 for point in family(bank, alphas=alphas)["val"].points]
    expected = [margin_of(reference.samples(SPLITS["val"], alpha))[0] for alpha in alphas]
    assert np.sign(np.diff(found)).tolist() == np.sign(np.diff(expected)).tolist()


@pytest.mark.parametrize("strength", STRENGTHS)
def test_alpha_zero_is_plain_least_squares_to_the_target(
    strength: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frontier, "RIDGE_STRENGTHS", (strength,))
    bank = awkward_bank()
    reference = Reference(bank, context=5, horizon=1, seed=0, strengths=(strength,))
    learning = [place for place in reference.targets(-1, 1) if place[0] in FITTED]
    # Fitted to the target alone, without its neighbours.
    fit = solved(
        np.array([reference.window(place) for place in learning]),
        np.array([reference.chunks[place] for place in learning]),
        strength,
    )
    tested = [place for place in reference.targets(-3, 3) if place[0] in SPLITS["val"]]
    expected = [cosine(applied(fit, reference.window(place)), reference.chunks[place]) for place in tested]
    point = family(bank, alphas=(0.0,))["val"].points[0]
    assert point.cos.value == pytest.approx(math.fsum(expected) / len(expected), abs=CLOSE)


def control_of(bank: Bank, *, horizon: int, seed: int) -> tuple[Predictor, IntArray]:
    """The ridge control fitted on the windows that the frontier fits, and the windows of val it is asked."""

    def split(name: str, articles: Sequence[int], reach: int) -> Split:
        return Split(name, window_rows(bank, np.array(articles), Window(5, reach)))

    splits = {"train": split("train", FITTED, horizon + 1), "val": split("val", SPLITS["val"], horizon + 3)}
    dataset = Dataset(bank, splits, Window(5, horizon))
    return make_controls(dataset, ("val",), seed=seed)[0]["ridge"], splits["val"].last_rows


@pytest.mark.parametrize(("horizon", "seed"), [(1, 0), (1, 1), (2, 0), (2, 3)])
def test_alpha_zero_predicts_what_the_ridge_control_predicts(
    horizon: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With seeds 1 and 3 target and neighbours together would choose another strength than the target alone.
    bank = awkward_bank()
    control, last_rows = control_of(bank, horizon=horizon, seed=seed)
    contexts = torch.from_numpy(bank.vectors[context_rows(last_rows, 5)])
    asked = Queries(contexts, last_rows + horizon)
    expected = torch.nn.functional.normalize(control.predict(asked), dim=1).numpy()
    seen: list[FloatArray] = []

    def note(predictions: FloatArray, bank: Bank, rows: IntArray) -> DoubleArray:
        seen.append(predictions)
        return cosine_to_rows(predictions, bank, rows)

    monkeypatch.setattr(frontier, "cosine_to_rows", note)
    family(bank, horizon=horizon, seed=seed, alphas=(0.0,))
    assert seen[0] == pytest.approx(expected, abs=1e-5)


def test_the_family_is_measured_on_its_own_article_alone() -> None:
    bank = awkward_bank()
    ood = family(bank)["ood"]
    # Article 4 is too short, so article 6 is left, and one article gives no interval.
    for metric in (ood.points[0].margin, ood.points[0].cos, ood.points[0].recall, ood.constant_cos):
        assert metric.value is not None
        assert (metric.low, metric.high, metric.articles) == (None, None, 1)
        assert metric.reason == "an interval needs samples of at least 2 articles"


def alike(length: int) -> Bank:
    """Eight articles of the same length."""
    rows = np.random.default_rng(0).standard_normal((8 * length, 6))
    return build_bank(rows, np.repeat(np.arange(8), length), np.tile(np.arange(length), 8), source="alike")


@pytest.mark.parametrize(("length", "horizon", "windows"), [(9, 1, 1), (12, 1, 4), (12, 2, 3), (12, 4, 1)])
def test_windows_without_all_seven_neighbours_are_not_measured(
    length: int, horizon: int, windows: int
) -> None:
    # Nine chunks, context 5: targets 5 to 8, of which only 5 has three chunks after it.
    assert family(alike(length), horizon=horizon)["val"].points[0].margin.n == 2 * windows


def test_a_split_without_a_measurable_window_is_undefined_and_says_why() -> None:
    found = family(alike(8))["val"]
    for metric in (found.points[0].margin, found.points[0].cos, found.points[0].recall, found.constant_cos):
        assert metric == Metric(None, None, None, 0, 0, "no sample")


@pytest.mark.parametrize("horizon", [1, 2])
def test_fitted_windows_without_a_chunk_after_the_target_are_left_out(horizon: int) -> None:
    bank = awkward_bank()
    given = window_rows(bank, np.array(FITTED), Window(5, horizon))
    usable = window_rows(bank, np.array(FITTED), Window(5, horizon + 1))
    tests = {"val": window_rows(bank, np.array(SPLITS["val"]), Window(5, horizon))}
    # Four articles, one of them with a gap.
    assert len(given) == len(usable) + 5
    assert linear_frontier(
        bank, given, tests, Window(5, horizon), confidence=CONFIDENCE, seed=0
    ) == linear_frontier(bank, usable, tests, Window(5, horizon), confidence=CONFIDENCE, seed=0)


def test_there_must_be_windows_to_fit() -> None:
    # Six chunks, context 5, horizon 1: every window lacks the chunk after its target.
    with pytest.raises(DataError):
        family(alike(6))


def test_on_a_trap_a_margin_can_be_bought_where_least_squares_has_none() -> None:
    bank = build_world(TRAP, source="trap")
    found = family(bank, horizon=2, fitted=range(30, 60))["val"]
    plain, best = found.points[0], max(found.points, key=lambda point: point.margin.value or -1.0)
    assert (plain.margin.value or 0.0) < 0.0
    assert (best.margin.value or 0.0) > 0.05
    assert best.alpha > 0
    assert (found.constant_cos.value or 0.0) < (best.cos.value or 0.0) < (plain.cos.value or 0.0)


def test_pushing_without_end_points_away_from_both_neighbours() -> None:
    bank = awkward_bank()
    reference = Reference(bank, context=5, horizon=1, seed=0)
    far, expected = family(bank, alphas=(1e6,))["val"].points[0], []
    for place in reference.targets(-3, 3):
        if place[0] in SPLITS["val"]:
            _, before, after = np.split(applied(reference.fit, reference.window(place)), 3)
            expected.append(cosine(-(before + after), reference.chunks[place]))
    assert far.cos.value == pytest.approx(math.fsum(expected) / len(expected), abs=CLOSE)


def still(length: int) -> Bank:
    """Eight articles, each of one chunk again and again."""
    rows = np.repeat(np.random.default_rng(0).standard_normal((8, 6)), length, axis=0)
    return build_bank(rows, np.repeat(np.arange(8), length), np.tile(np.arange(length), 8), source="still")


@pytest.mark.parametrize(("after", "recall"), [(3, 1.0), (4, 0.0)])
def test_chunks_that_equal_the_target_count_against_it(after: int, recall: float) -> None:
    # Chunk 0, then five of context, the target, and those after it: all unseen ones tie with the target.
    bank = still(7 + after)
    rows = np.flatnonzero((bank.chunks == 5) & (bank.articles == 1))
    fitted = window_rows(bank, np.array(FITTED), Window(5, 1))
    found = linear_frontier(
        bank, fitted, {"val": rows}, Window(5, 1), confidence=CONFIDENCE, seed=0, alphas=(0.0,)
    )
    assert found["val"].points[0].recall.value == recall


def test_nothing_is_learned_from_the_articles_that_are_measured() -> None:
    bank = awkward_bank()
    vectors = bank.vectors.copy()
    vectors[bank.articles == 6] = -vectors[bank.articles == 6]

    def point(bank: Bank) -> FrontierPoint:
        return family(bank, alphas=(0.5,))["val"].points[0]

    # Article 6 is ood: what val scores does not depend on it.
    assert point(bank) == point(replace(bank, vectors=vectors))
