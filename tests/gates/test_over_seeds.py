"""A metric over seeds and over articles, against loops and arithmetic from the definition."""

import math

import numpy as np
import pytest
from scipy import stats

from gates.contracts import Values
from gates.over_seeds import over_seeds, recipe_difference

ARTICLES = np.repeat(np.arange(6), [3, 5, 4, 4, 6, 2])


def runs(count: int, *, seed: int, shape: tuple[int, ...] = ()) -> list[Values]:
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((len(ARTICLES), *shape))
    kind = "least" if shape else "mean"
    return [
        Values(kind, shared + 0.3 * rng.standard_normal((len(ARTICLES), *shape)), ARTICLES)  # type: ignore[arg-type]
        for _ in range(count)
    ]


def scored(run: Values) -> float:
    """The metric of one run, by loops."""
    if run.kind == "mean":
        return sum(map(float, run.values)) / len(run.values)
    return min(sum(map(float, column)) / len(column) for column in run.values.T)


@pytest.mark.parametrize("shape", [(), (4,)])
def test_the_mean_over_seeds_has_the_spread_of_the_runs(shape: tuple[int, ...]) -> None:
    found = over_seeds(given := runs(4, seed=1, shape=shape), 0.9)
    scores = [scored(run) for run in given]
    mean = sum(scores) / 4
    deviation = math.sqrt(sum((score - mean) ** 2 for score in scores) / 3)
    assert found.articles.value == pytest.approx(mean)
    assert found.deviation == pytest.approx(deviation)
    assert found.seeds == pytest.approx(stats.t.ppf(0.95, 3) * deviation / 2)
    assert found.articles.low is not None
    assert found.articles.low < mean
    assert found.articles.articles == 6


def test_two_recipes_are_paired_by_article_and_independent_by_seed() -> None:
    first, second = runs(3, seed=2), runs(5, seed=2)
    found = recipe_difference(first, second, 0.95)
    mine, theirs = ([scored(run) for run in each] for each in (first, second))
    parts = [np.var(mine, ddof=1) / 3, np.var(theirs, ddof=1) / 5]
    degrees = sum(parts) ** 2 / (parts[0] ** 2 / 2 + parts[1] ** 2 / 4)
    assert found.articles.value == pytest.approx(np.mean(theirs) - np.mean(mine))
    assert found.seeds == pytest.approx(stats.t.ppf(0.975, degrees) * math.sqrt(sum(parts)))
    # what the windows have in common cancels: far narrower than the mean of either recipe
    alone = over_seeds(second, 0.95).articles
    assert None not in (alone.low, alone.high, found.articles.low, found.articles.high)
    assert found.articles.high - found.articles.low < 0.5 * (alone.high - alone.low)  # type: ignore[operator]


def test_a_run_beside_itself_differs_in_nothing_and_one_seed_has_no_spread() -> None:
    one = runs(1, seed=3)
    found = recipe_difference(one, one, 0.95)
    assert (found.articles.value, found.deviation, found.seeds) == (0.0, 0.0, None)


def test_equal_runs_have_no_spread_over_seeds() -> None:
    found = over_seeds(runs(1, seed=4) * 3, 0.95)
    assert found.deviation == pytest.approx(0.0, abs=1e-12)
    assert found.seeds == pytest.approx(0.0, abs=1e-12)
