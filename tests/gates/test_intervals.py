"""Intervals cover what they claim to cover, with articles and not windows as the units."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.intervals import (
    ONE_ARTICLE,
    Estimate,
    estimate_mean,
    gap_metric,
    least_metric,
    linearised_ratio,
    mean_metric,
    median_metric,
    share_metric,
    student_t,
    welch,
)
from tests.gates import naive_intervals

WORLDS = 600


def clustered(rng: np.random.Generator, groups: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Values whose variance lies mostly between articles; the true mean and median are 0."""
    articles = np.repeat(np.arange(groups), size)
    return rng.standard_normal(groups)[articles] + 0.5 * rng.standard_normal(groups * size), articles


def covered(hits: list[bool]) -> float:
    return sum(hits) / len(hits)


def test_means_cover_and_the_naive_interval_does_not() -> None:
    rng = np.random.default_rng(0)
    clustered_hits, naive_hits = [], []
    for _ in range(WORLDS):
        values, articles = clustered(rng, 20, 30)
        metric = mean_metric(values, articles, 0.95)
        assert metric.low is not None
        assert metric.high is not None
        clustered_hits.append(metric.low <= 0.0 <= metric.high)
        half = 1.96 * values.std(ddof=1) / math.sqrt(len(values))
        naive_hits.append(abs(values.mean()) <= half)
    # 600 worlds leave a standard error of 0.009 on the coverage.
    assert 0.925 <= covered(clustered_hits) <= 0.975
    assert covered(naive_hits) < 0.5


def test_shares_medians_and_gaps_cover() -> None:
    rng = np.random.default_rng(1)
    share_hits, median_hits, gap_hits = [], [], []
    for _ in range(WORLDS):
        values, articles = clustered(rng, 25, 20)
        others, other_articles = clustered(rng, 15, 40)
        share = share_metric(values > 1.0, articles, 0.95)
        # The values are N(0, 1.25).
        truth = float(scipy.stats.norm.sf(1.0, scale=math.sqrt(1.25)))
        share_hits.append((share.low or 0.0) <= truth <= (share.high or 0.0))
        median = median_metric(values, articles, 0.95)
        assert median.low is not None
        assert median.high is not None
        median_hits.append(median.low <= 0.0 <= median.high)
        gap = gap_metric(estimate_mean(values + 1.0, articles), estimate_mean(others, other_articles), 0.95)
        assert gap.low is not None
        assert gap.high is not None
        gap_hits.append(gap.low <= 1.0 <= gap.high)
    for hits in (share_hits, median_hits, gap_hits):
        assert 0.92 <= covered(hits) <= 0.985


def test_the_margins_lower_bound_holds_even_under_ties() -> None:
    rng = np.random.default_rng(2)
    above = []
    for _ in range(WORLDS):
        _, articles = clustered(rng, 20, 10)
        # Six rivals, all truly 0.1 below the target: the minimum is biased, the bound must hold.
        noise = rng.standard_normal((20, 6))[articles] + rng.standard_normal((200, 6))
        metric = least_metric(0.1 + 0.2 * noise, articles, 0.95)
        assert metric.low is not None
        above.append(metric.low > 0.1)
    assert covered(above) <= 0.025 + 0.02


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 1, allow_nan=False), st.integers(0, 4)), min_size=1, max_size=40))
def test_every_interval_holds_its_estimate(pairs: list[tuple[float, int]]) -> None:
    values = np.array([value for value, _ in pairs])
    articles = np.array([article for _, article in pairs], dtype=np.int64)
    for metric in (
        mean_metric(values, articles, 0.95),
        share_metric(values > 0, articles, 0.95),
        median_metric(values, articles, 0.95),
        least_metric(np.stack([values, -values], axis=1), articles, 0.95),
    ):
        assert metric.value is not None
        assert metric.n == len(pairs)
        if len(set(articles.tolist())) == 1:
            assert metric.low is None
            assert metric.high is None
            assert metric.reason == ONE_ARTICLE
        else:
            assert metric.low is not None
            assert metric.high is not None
            assert metric.low <= metric.value <= metric.high


@pytest.mark.parametrize(
    ("sizes", "most"),
    # Where one article outweighs the others, few degrees of freedom make the interval wide, not narrow.
    [([25] * 12, 0.985), ([60, 40, *range(5, 15)], 1.0), ([120, *[10] * 11], 1.0)],
)
def test_ratios_cover(sizes: list[int], most: float) -> None:
    rng = np.random.default_rng(4)
    articles = np.repeat(np.arange(len(sizes)), sizes)
    hits = []
    for _ in range(WORLDS):
        # Articles vary in what is divided (mean 1) and in what it is divided by (mean 2), together.
        own = rng.standard_normal(len(sizes))
        above = 1.0 + 0.3 * (own + 0.5 * rng.standard_normal(len(sizes)))[articles]
        below = 2.0 + (0.2 * own)[articles] + 0.1 * rng.standard_normal(len(articles))
        metric = mean_metric(linearised_ratio(above, below), articles, 0.95)
        assert metric.value == pytest.approx(above.mean() / below.mean())
        hits.append((metric.low or 0.0) <= 0.5 <= (metric.high or 0.0))
    assert 0.925 <= covered(hits) <= most


def test_what_a_metric_rests_on_is_told_with_it() -> None:
    rng = np.random.default_rng(5)
    articles = np.repeat(np.arange(13), [40, *range(1, 13)])
    values = rng.standard_normal(len(articles))
    _, _, degrees, effective = naive_intervals.clustered(values.tolist(), articles.tolist())
    for metric in (
        mean_metric(values, articles, 0.95),
        share_metric(values > 0, articles, 0.95),
        median_metric(values, articles, 0.95),
        least_metric(np.stack([values, -values], axis=1), articles, 0.95),
    ):
        assert (metric.n, metric.articles) == (118, 13)
        assert (metric.effective, metric.degrees) == pytest.approx((effective, degrees))
    alone = mean_metric(values[:40], articles[:40], 0.95)
    assert (alone.effective, alone.degrees) == (1.0, None)
    none = mean_metric(values[:0], articles[:0], 0.95)
    assert (none.effective, none.degrees) == (None, None)


def test_two_independent_means_add_up_as_welch_says() -> None:
    rng = np.random.default_rng(6)
    sides = [np.repeat(np.arange(len(sizes)), sizes) for sizes in ([5, 9, 30, 2], [4, 4, 4, 4, 4])]
    drawn = [rng.standard_normal(len(side)) for side in sides]
    one, two = (estimate_mean(*pair) for pair in zip(drawn, sides, strict=True))
    naive = [
        naive_intervals.clustered(values.tolist(), side.tolist())
        for values, side in zip(drawn, sides, strict=True)
    ]
    (_, a, a_degrees, a_effective), (_, b, b_degrees, b_effective) = naive
    clusters, error = welch(one, two)
    assert error == pytest.approx(math.hypot(a, b))
    expected = (a**2 + b**2) ** 2 / (a**4 / a_degrees + b**4 / b_degrees)
    assert clusters.degrees == pytest.approx(expected)
    assert (clusters.n, clusters.articles) == (66, 9)
    assert clusters.effective == pytest.approx(a_effective + b_effective)


def test_two_means_without_spread_or_with_a_single_article() -> None:
    flat = estimate_mean(np.ones(6), np.repeat(np.arange(3), 2))
    single = estimate_mean(np.arange(4.0), np.zeros(4, dtype=np.int64))
    clusters, error = welch(flat, flat)
    assert (clusters.degrees, error) == (4.0, 0.0)
    for pair in ((flat, single), (single, flat)):
        clusters, error = welch(*pair)
        assert (clusters.degrees, error, clusters.articles) == (None, None, 4)
        assert Estimate(0.0, error, clusters).bounds(0.95) is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 1), st.integers(0, 3)), min_size=2, max_size=30))
def test_mean_agrees_with_the_naive_sandwich(pairs: list[tuple[float, int]]) -> None:
    values, articles = [value for value, _ in pairs], [article for _, article in pairs]
    if len(set(articles)) < 2:
        articles[0] = 9
    found = mean_metric(np.array(values), np.array(articles, dtype=np.int64), 0.9)
    assert (found.value, found.low, found.high) == pytest.approx(
        naive_intervals.of_mean(values, articles, 0.9), abs=1e-9
    )


def test_unanimity_is_no_certainty() -> None:
    articles = np.repeat(np.arange(10), 50)
    metric = share_metric(np.full(500, True), articles, 0.95)
    assert metric.value == 1.0
    assert metric.high == 1.0
    # Wilson with ten votes: n / (n + t^2), t at 9 degrees of freedom.
    t = float(scipy.stats.t.ppf(0.975, 9))
    assert metric.low == pytest.approx(10 / (10 + t**2))


def test_no_sample_is_undefined() -> None:
    none, nobody = np.zeros(0), np.zeros(0, dtype=np.int64)
    for metric in (
        mean_metric(none, nobody, 0.95),
        share_metric(none > 0, nobody, 0.95),
        median_metric(none, nobody, 0.95),
        least_metric(np.zeros((0, 6)), nobody, 0.95),
        gap_metric(None, None, 0.95),
    ):
        assert metric.value is None
        assert metric.low is None
        assert metric.n == 0
        assert metric.reason


def test_a_gap_folds_at_zero() -> None:
    rng = np.random.default_rng(3)
    values, articles = clustered(rng, 10, 10)
    gap = gap_metric(estimate_mean(values, articles), estimate_mean(values + 1e-3, articles), 0.95)
    assert gap.value == pytest.approx(1e-3)
    assert gap.low == 0.0


@pytest.mark.parametrize("degrees", [1, 5, 56.3, 1e6])
def test_student_t(degrees: float) -> None:
    assert student_t(0.95, degrees) == pytest.approx(float(scipy.stats.t.ppf(0.975, degrees)), rel=1e-9)
