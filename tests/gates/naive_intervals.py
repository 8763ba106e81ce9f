"""The intervals written down again with loops and ``scipy.stats``, from the papers they come from."""

import math
import statistics
from collections.abc import Sequence

import numpy as np
import scipy.stats

Interval = tuple[float, float, float]
"""Value, low, high."""


def quantile(confidence: float, degrees: float) -> float:
    return float(scipy.stats.t.ppf(0.5 + confidence / 2, degrees))


def clustered(values: Sequence[float], articles: Sequence[int]) -> tuple[float, float, float, float]:
    """Mean, CR2 standard error, Satterthwaite degrees of freedom, effective articles; all from matrices."""
    own: dict[int, list[float]] = {}
    for value, article in zip(values, articles, strict=True):
        own.setdefault(article, []).append(value)
    w = np.array([len(each) / len(values) for each in own.values()])
    means = np.array([math.fsum(each) / len(each) for each in own.values()])
    to_residuals = np.eye(len(w)) - np.outer(np.ones(len(w)), w)
    form = to_residuals.T @ np.diag(w**2 / (1 - w)) @ to_residuals
    degrees = np.trace(form) ** 2 / np.trace(form @ form)
    mean = math.fsum(values) / len(values)
    variance = math.fsum(w**2 / (1 - w) * (means - mean) ** 2)
    return mean, math.sqrt(variance), float(degrees), float(1 / (w @ w))


def of_mean(values: Sequence[float], articles: Sequence[int], confidence: float) -> Interval:
    mean, error, degrees, _ = clustered(values, articles)
    half = quantile(confidence, degrees) * error
    return mean, mean - half, mean + half


def of_least(columns: Sequence[Sequence[float]], articles: Sequence[int], confidence: float) -> Interval:
    """Each figure is the smallest of the columns' own."""
    intervals = [of_mean(column, articles, confidence) for column in columns]
    value, low, high = (min(ends) for ends in zip(*intervals, strict=True))
    return value, low, high


def of_share(hits: Sequence[bool], articles: Sequence[int], confidence: float) -> Interval:
    """Wilson's roots of (p - q)^2 = z^2 q (1 - q) / m, m the effective size (Korn and Graubard 1998)."""
    share, error, degrees, effective = clustered([float(hit) for hit in hits], articles)
    spread = share * (1 - share)
    if spread == 0 or error**2 < 1e-18:
        size = effective  # all articles agree: one vote each
    elif error**2 <= spread / len(hits):
        size = float(len(hits))  # never more votes than samples
    else:
        size = max(1.0, spread / error**2)
    z2 = quantile(confidence, degrees) ** 2
    # (1 + z2/m) q^2 - (2p + z2/m) q + p^2 = 0
    a, b, c = 1 + z2 / size, -(2 * share + z2 / size), share**2
    root = math.sqrt(max(0.0, b * b - 4 * a * c))
    return share, max(0.0, (-b - root) / (2 * a)), min(1.0, (-b + root) / (2 * a))


def of_median(values: Sequence[float], articles: Sequence[int], confidence: float) -> Interval:
    """Woodruff 1952: the order statistics at 0.5 ± t * se(share at or below the median)."""
    ordered, median = sorted(values), float(statistics.median(values))
    _, error, degrees, _ = clustered([float(value <= median) for value in values], articles)
    half = quantile(confidence, degrees) * error
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
    (a, a_error, a_degrees, _), (b, b_error, b_degrees, _) = (
        clustered(first, first_articles),
        clustered(second, second_articles),
    )
    total = a_error**2 + b_error**2
    degrees = total**2 / (a_error**4 / a_degrees + b_error**4 / b_degrees) if total > 0 else 1.0
    half = quantile(confidence, degrees) * math.sqrt(total)
    low, high = a - b - half, a - b + half
    folded_low = 0.0 if low <= 0.0 <= high else min(abs(low), abs(high))
    return abs(a - b), folded_low, max(abs(low), abs(high))
