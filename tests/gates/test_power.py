"""What is called detectable is shown as often as is said, in simulation by the engine's own intervals."""

import numpy as np
import pytest
import scipy.stats

from gates.intervals import least_metric, mean_metric
from gates.power import Sampled, articles_needed, power_of, smallest_shown

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


def sampled(values: np.ndarray, articles: np.ndarray) -> Sampled:
    return Sampled(mean_metric(values, articles, 0.95), articles)


def test_the_spread_is_found_again() -> None:
    """Also where one article outweighs the others, of whose difference the interval sees a part."""
    rng = np.random.default_rng(3)
    for sizes in ([60, 40, *range(10, 30)], [195, *[20] * 20]):
        articles = np.repeat(np.arange(len(sizes)), sizes)
        draws = SPREAD * rng.standard_normal((400, len(sizes)))[:, articles]
        found = [sampled(values, articles).spread(0.95) or 0.0 for values in draws]
        assert np.sqrt(np.mean(np.square(found))) == pytest.approx(SPREAD, rel=0.06)
    assert sampled(np.arange(3.0), np.zeros(3, dtype=np.int64)).spread(0.95) is None


RIVALS = np.array([0.0, 0.01, 0.4])
"""By how much the target is farther above each rival than above the closest one."""


def test_what_is_said_of_gain_and_margin_is_shown_four_times_in_five() -> None:
    """From the articles of one draw to how often others like it show what was said of them."""
    rng = np.random.default_rng(4)
    articles = np.repeat(np.arange(300), 10)

    def draw(count: int, gain: float, margin: float) -> tuple[Sampled, Sampled]:
        mine = articles[: 10 * count]
        gains = gain + SPREAD * rng.standard_normal(count)[mine]
        leads = margin + (0.1 * rng.standard_normal((count, 3)))[mine] + RIVALS
        return sampled(gains, mine), Sampled(least_metric(leads, mine, 0.95), mine)

    gain, margin = draw(300, 0.0, 0.0)
    found = power_of([("copy_mix", gain)], margin, 0.95)
    assert found.gain is not None
    assert found.margin is not None
    assert found.articles is not None
    assert found.articles == pytest.approx(286, rel=0.15)  # (1.97 + .85)^2 (.3 / .05)^2
    others = [draw(300, found.gain, found.margin) for _ in range(WORLDS)]
    shown = [np.mean([(each.metric.low or 0) > 0 for each in side]) for side in zip(*others, strict=True)]
    assert shown[0] == pytest.approx(0.8, abs=0.1)  # the spread of one draw is known to 4%
    assert shown[1] == pytest.approx(0.8, abs=0.15)  # and the closest of two rivals is not always the same


def test_a_control_that_the_model_is_tells_nothing() -> None:
    rng, articles = np.random.default_rng(5), np.repeat(np.arange(20), 10)
    itself, other = sampled(np.zeros(200), articles), sampled(rng.standard_normal(20)[articles], articles)
    margin = sampled(rng.standard_normal(200), articles)
    found = power_of([("copy_mix", itself), ("logit", other), ("ridge", margin)], margin, 0.95)
    assert found.rival == "logit"
    assert found == power_of([("logit", other)], margin, 0.95)
    nothing = power_of([("copy_mix", itself)], margin, 0.95)
    assert (nothing.rival, nothing.gain, nothing.articles) == (None, None, None)
    assert nothing.margin == found.margin
    alone = sampled(np.arange(3.0), np.zeros(3, dtype=np.int64))
    assert power_of([("copy_mix", alone)], alone, 0.95).margin is None


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


@pytest.mark.parametrize("count", [2, 12, 33])
def test_the_known_articles_are_enough_exactly_where_they_show_it(count: int) -> None:
    sizes = np.array([90, 70, *range(5, 3 + count)][:count])
    least = smallest_shown(SPREAD, sizes, 0.95)
    assert least is not None
    for gain, enough in ((least, True), (np.nextafter(least, 0.0), False)):
        needed = articles_needed(float(gain), SPREAD, sizes, 0.95)
        assert needed is not None
        assert (needed <= count) is enough


@pytest.mark.parametrize("confidence", [0.5, 0.999, 0.9995, 1 - 1e-9])
def test_confidences_that_leave_nothing_to_be_shown_have_a_size_too(confidence: float) -> None:
    """Two articles, one degree of freedom: what is detectable lies beyond half the interval's width."""
    half = float(scipy.stats.t.ppf(0.5 + confidence / 2, 1)) / np.sqrt(2)
    found = smallest_shown(1.0, np.array([10, 10]), confidence)
    assert found is not None
    assert found > half
    # The numerator's own scatter is worth less than one standard error.
    assert found == pytest.approx(half * np.sqrt(scipy.stats.chi2.ppf(0.8, 1)), abs=1.0)


def test_nothing_is_shown_by_one_article_nor_a_gain_too_small_by_any() -> None:
    assert smallest_shown(1.0, np.array([500]), 0.95) is None
    assert articles_needed(1e-4, SPREAD, np.full(12, 30), 0.95) is None
