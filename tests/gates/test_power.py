"""What is called detectable is shown as often as is said, in simulation by the engine's own intervals."""

import numpy as np
import pytest

from gates.intervals import mean_metric
from gates.power import articles_needed, smallest_shown, spread_of_articles

WORLDS = 1000
SPREAD, NOISE = 0.3, 0.05

DESIGNS = [[25] * 8, [25] * 30, [60, 40, *range(10, 30)], [195, *[20] * 20]]


def shown(sizes: list[int], true: float, seed: int) -> float:
    """Share of draws whose interval lies above zero; article means scatter by SPREAD."""
    rng = np.random.default_rng(seed)
    articles = np.repeat(np.arange(len(sizes)), sizes)
    found = 0
    for _ in range(WORLDS):
        values = true + SPREAD * rng.standard_normal(len(sizes))[articles]
        found += (
            mean_metric(values + NOISE * rng.standard_normal(len(articles)), articles, 0.95).low or 0
        ) > 0
    return found / WORLDS


@pytest.mark.parametrize("sizes", DESIGNS, ids=["8 equal", "30 equal", "unequal", "a giant"])
def test_the_smallest_is_shown_four_times_in_five(sizes: list[int]) -> None:
    true = smallest_shown(SPREAD, np.array(sizes), 0.95)
    assert true is not None
    # The standard error of 1000 draws is .013; degrees of freedom are an approximation.
    assert shown(sizes, true, 1) == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize("power", [0.6, 0.8, 0.95])
def test_equal_articles_agree_with_the_noncentral_t(power: float) -> None:
    true = smallest_shown(1.0, np.full(16, 30), 0.95, power=power)
    assert true is not None
    rng = np.random.default_rng(2)
    means = true + rng.standard_normal((40_000, 16))
    errors = means.std(axis=1, ddof=1) / 4.0
    # t at 0.975 with 15 degrees of freedom
    assert (means.mean(axis=1) > 2.131449545559323 * errors).mean() == pytest.approx(power, abs=0.01)


def test_the_spread_is_found_again() -> None:
    rng = np.random.default_rng(3)
    sizes = np.array([60, 40, *range(10, 30)] * 20)
    articles = np.repeat(np.arange(len(sizes)), sizes)
    found = spread_of_articles(SPREAD * rng.standard_normal(len(sizes))[articles], articles)
    assert found == pytest.approx(SPREAD, rel=0.15)
    assert spread_of_articles(np.arange(3.0), np.zeros(3, dtype=np.int64)) is None


@pytest.mark.parametrize("gain", [0.05, 0.1, 0.4])
def test_as_many_articles_as_are_needed_and_not_one_less(gain: float) -> None:
    sizes = np.full(12, 30)
    needed = articles_needed(gain, SPREAD, sizes, 0.95)
    assert needed is not None
    enough, less = (smallest_shown(SPREAD, np.full(count, 30), 0.95) for count in (needed, needed - 1))
    assert enough is not None
    assert less is not None
    assert enough <= gain < less


def test_unequal_articles_need_more() -> None:
    equal, unequal = np.full(20, 30), np.array([200, *[20] * 19])
    many, more = (articles_needed(0.1, SPREAD, sizes, 0.95) for sizes in (equal, unequal))
    assert many is not None
    assert more is not None
    assert more > 1.5 * many


def test_nothing_is_shown_by_one_article_nor_a_gain_too_small_by_any() -> None:
    assert smallest_shown(1.0, np.array([500]), 0.95) is None
    assert articles_needed(1e-4, SPREAD, np.full(12, 30), 0.95) is None
