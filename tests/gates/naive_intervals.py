"""The intervals written down again with loops and ``scipy.stats``, from the papers they come from."""

import math
import statistics
from collections.abc import Sequence

import scipy.stats

Interval = tuple[float, float, float]
"""Value, low, high."""


def quantile(confidence: float, degrees: float) -> float:
    return float(scipy.stats.t.ppf(0.5 + confidence / 2, degrees))


def clustered(values: Sequence[float], articles: Sequence[int]) -> tuple[float, float, int]:
    """Mean, cluster-robust standard error (Cameron and Miller 2015) and the number of articles."""
    n, mean = len(values), math.fsum(values) / len(values)
    sums: dict[int, float] = {}
    for value, article in zip(values, articles, strict=True):
        sums[article] = sums.get(article, 0.0) + value - mean
    groups = len(sums)
    return mean, math.sqrt(groups / (groups - 1) * math.fsum(s**2 for s in sums.values())) / n, groups


def of_mean(values: Sequence[float], articles: Sequence[int], confidence: float) -> Interval:
    mean, error, groups = clustered(values, articles)
    half = quantile(confidence, groups - 1) * error
    return mean, mean - half, mean + half


def of_least(columns: Sequence[Sequence[float]], articles: Sequence[int], confidence: float) -> Interval:
    """Each figure is the smallest of the columns' own."""
    intervals = [of_mean(column, articles, confidence) for column in columns]
    value, low, high = (min(ends) for ends in zip(*intervals, strict=True))
    return value, low, high


def of_share(hits: Sequence[bool], articles: Sequence[int], confidence: float) -> Interval:
    """Wilson's roots of (p - q)^2 = z^2 q (1 - q) / m, m the effective size (Korn and Graubard 1998)."""
    share, error, groups = clustered([float(hit) for hit in hits], articles)
    spread = share * (1 - share)
    if spread == 0:
        size = float(groups)  # all articles agree: one vote each
    elif error**2 <= spread / len(hits):
        size = float(len(hits))  # never more votes than samples
    else:
        size = max(1.0, spread / error**2)
    z2 = quantile(confidence, groups - 1) ** 2
    # (1 + z2/m) q^2 - (2p + z2/m) q + p^2 = 0
    a, b, c = 1 + z2 / size, -(2 * share + z2 / size), share**2
    root = math.sqrt(max(0.0, b * b - 4 * a * c))
    return share, max(0.0, (-b - root) / (2 * a)), min(1.0, (-b + root) / (2 * a))


def of_median(values: Sequence[float], articles: Sequence[int], confidence: float) -> Interval:
    """Woodruff 1952: the order statistics at 0.5 ± t * se(share at or below the median)."""
    ordered, median = sorted(values), float(statistics.median(values))
    _, error, groups = clustered([float(value <= median) for value in values], articles)
    half = quantile(confidence, groups - 1) * error
    last = len(ordered) - 1
    low = ordered[math.floor(max(0.0, 0.5 - half) * last)]
    high = ordered[math.ceil(min(1.0, 0.5 + half) * last)]
    return median, min(low, median), max(high, median)


def of_gap(
    first: Sequence[float],
    first_articles: Sequence[int],
    second: Sequence[float],
    second_articles: Sequence[int],
    confidence: float,
) -> Interval:
    """|difference| with Welch's interval, folded at zero."""
    (a, a_error, a_groups), (b, b_error, b_groups) = (
        clustered(first, first_articles),
        clustered(second, second_articles),
    )
    total = a_error**2 + b_error**2
    degrees = total**2 / (a_error**4 / (a_groups - 1) + b_error**4 / (b_groups - 1))
    half = quantile(confidence, degrees) * math.sqrt(total)
    low, high = a - b - half, a - b + half
    folded_low = 0.0 if low <= 0.0 <= high else min(abs(low), abs(high))
    return abs(a - b), folded_low, max(abs(low), abs(high))
