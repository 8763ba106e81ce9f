"""The shape of predictions against its definition, and its intervals against a plain jackknife."""

import math

import numpy as np
import pytest

from gates.contracts import DoubleArray, Samples
from gates.intervals import estimate_mean
from gates.spread import Shape, spread_values
from tests.gates.cases import EVERY_CASE, Case
from tests.gates.conftest import awkward_data, run_all
from tests.gates.naive import Vector


def rank_of(rows: Vector) -> float:
    """exp of the entropy of the normalised singular values of centred rows."""
    single = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)
    shares = single[single > 1e-7 * single[0]]
    shares /= shares.sum()
    return math.exp(-sum(p * math.log(p) for p in shares.tolist()))


@EVERY_CASE
def test_it_agrees_with_its_definition(case: Case) -> None:
    metrics = case.measured.metrics["val"]
    predictions = np.stack([case.world.predict(a, c) for a, c in case.places("val")])
    targets = np.stack([case.world.chunks[a, c + case.horizon] for a, c in case.places("val")])
    spread = predictions.var(axis=0).sum() / targets.var(axis=0).sum()
    assert metrics["geometry.spread_share"].value == pytest.approx(spread, abs=1e-5)
    rank = rank_of(predictions) / rank_of(targets) if spread >= 1e-4 else 0.0
    assert metrics["geometry.rank_share"].value == pytest.approx(rank, rel=1e-3, abs=1e-5)
    assert metrics["geometry.rank_share"].n == len(predictions)


def test_the_spread_of_an_estimate_is_that_of_a_jackknife_over_articles() -> None:
    rng = np.random.default_rng(0)
    articles = np.repeat(np.arange(40), 12)
    styles = rng.standard_normal((40, 6))[articles]
    targets = styles + rng.standard_normal((480, 6))
    predictions = 0.5 * styles * [1, 1, 1, 0.2, 0.1, 0.1] + 0.2 * rng.standard_normal((480, 6))
    mine, theirs = (Shape.of(rows.astype(np.float32)) for rows in (predictions, targets))
    share = math.exp(mine.entropy - theirs.entropy)
    arrays = {
        "spread": mine.distances,
        "spread_target": theirs.distances,
        "rank_share": share * (1 + 480 * (mine.parts - theirs.parts)),
    }
    values = spread_values(Samples(np.arange(480), articles, arrays))

    def spread(kept: Vector) -> float:
        return float(predictions[kept].var(axis=0).sum() / targets[kept].var(axis=0).sum())

    def rank(kept: Vector) -> float:
        return rank_of(predictions[kept]) / rank_of(targets[kept])

    for name, figure in (("geometry.spread_share", spread), ("geometry.rank_share", rank)):
        estimate = estimate_mean(values[name].values, articles)
        assert estimate.mean == pytest.approx(figure(np.ones(480, bool)), rel=1e-4)
        without = [figure(articles != article) for article in range(40)]
        error = math.sqrt(39 / 40 * sum((each - np.mean(without)) ** 2 for each in without))
        assert estimate.error == pytest.approx(error, rel=0.1)


def test_a_rows_part_is_the_derivative_by_its_weight() -> None:
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((30, 5)).astype(np.float32)
    shape = Shape.of(rows)
    assert shape.parts.sum() == pytest.approx(0.0, abs=1e-12)

    def entropy(weights: DoubleArray) -> float:
        centred = rows - weights @ rows / weights.sum()
        single = np.sqrt(np.linalg.eigvalsh(centred.T @ (weights[:, None] * centred)))
        shares = single / single.sum()
        return float(-(shares * np.log(shares)).sum())

    for row in (0, 7, 29):
        step = np.zeros(30)
        step[row] = 1e-5
        change = (entropy(1 + step) - entropy(1 - step)) / 2e-5
        assert shape.parts[row] == pytest.approx(change, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("directions", [1, 2, 5])
def test_equal_singular_values_in_k_directions_have_rank_k(directions: int) -> None:
    axes = np.eye(8)[:directions]
    rows = np.concatenate([axes, -axes]).astype(np.float32)
    assert math.exp(Shape.of(rows).entropy) == pytest.approx(directions)


def test_without_any_spread_of_targets_both_are_undefined_with_a_reason() -> None:
    arrays = {"spread": np.ones(6), "spread_target": np.zeros(6), "rank_share": np.ones(6)}
    for values in spread_values(Samples(np.arange(6), np.arange(6), arrays)).values():
        assert len(values.values) == 0
        assert values.reason == "all targets are alike, so they have no spread to compare with"


def test_at_most_a_thousand_seeded_windows_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gates.spread.MOST_WINDOWS", 20)
    case = Case("awkward", 5, 1, "mixer")
    measured = run_all(awkward_data(), case.model)
    samples = measured.samples["val"]["geometry"]
    assert len(samples.index) == len(set(samples.index.tolist())) == 20
    assert samples.index.tolist() == sorted(samples.index.tolist())


def test_directions_of_what_has_collapsed_are_not_looked_for() -> None:
    rows = np.random.default_rng(3).standard_normal((30, 5)).astype(np.float32)
    whole = Shape.of(rows)
    total = float(whole.distances.sum())
    just, collapsed = Shape.of(rows, total), Shape.of(rows, 1.001 * total)
    assert (just.entropy, just.parts.tolist()) == (whole.entropy, whole.parts.tolist())
    assert collapsed.distances.tolist() == whole.distances.tolist()
    assert (collapsed.entropy, collapsed.parts.tolist()) == (0.0, [0.0] * 30)
