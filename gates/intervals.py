"""Confidence intervals clustered by article.

Windows of one article overlap and resemble each other, so the number of articles, not of windows,
says how much is known. All intervals treat articles as the sampled units.

Sources: Cameron and Miller 2015, "A practitioner's guide to cluster-robust inference" (sections II
and VI: the sandwich estimate with G/(G-1) and Student's t with G - 1 degrees of freedom); Korn and
Graubard 1998, "Confidence intervals for proportions with small expected number of positive counts"
(effective sample size); Woodruff 1952, "Confidence intervals for medians" (test inversion).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from gates.contracts import DoubleArray, IntArray, Values
from schemas.records.evidence import Metric

ONE_ARTICLE = "an interval needs samples of at least 2 articles"
NO_SAMPLE = "no sample"


@dataclass(frozen=True)
class Estimate:
    """A mean with its clustered standard error (None where a single article leaves it unknown)."""

    mean: float
    error: float | None
    n: int
    articles: int

    def bounds(self, confidence: float) -> tuple[float, float] | None:
        """Mean ± t * error with ``articles - 1`` degrees of freedom."""
        if self.error is None:
            return None
        half = student_t(confidence, self.articles - 1) * self.error
        return self.mean - half, self.mean + half


def student_t(confidence: float, degrees: float) -> float:
    """Two-sided Student's t quantile, e.g. 1.96 at 0.95 with many degrees of freedom."""
    return float(stdtrit(degrees, 0.5 + confidence / 2))


def summarise(values: Mapping[str, Values], confidence: float) -> dict[str, Metric]:
    """The metric of each name, by its kind."""
    return {
        name: _METRIC_OF[each.kind](each.values, each.articles, confidence)
        if len(each.values)
        else undefined(each.reason)
        for name, each in values.items()
    }


def linearised_ratio(above: DoubleArray, below: DoubleArray) -> DoubleArray:
    """Samples (n,) whose mean is ``R = mean(above) / mean(below)`` and whose spread is R's to first order.

    ``R + (above_i - R below_i) / mean(below)``: the delta method, so that the clustered interval of their
    mean is the ratio's.

    Args:
        above: (n,).
        below: (n,) whose mean is not 0.

    Example:
        >>> linearised_ratio(np.array([1.0, 3.0]), np.array([4.0, 4.0])).tolist()
        [0.25, 0.75]
    """
    mean = float(below.mean())
    ratio = float(above.mean()) / mean
    found: DoubleArray = ratio + (above - ratio * below) / mean
    return found


def estimate_mean(values: npt.NDArray[np.generic], articles: IntArray) -> Estimate:
    """Mean and article-clustered standard error of per-sample values.

    With residuals e and G articles: ``se = sqrt(G / (G - 1) * sum_g (sum_{i in g} e_i)^2) / n``.

    Args:
        values: (n,) with n >= 1.
        articles: (n,) cluster of each value.
    """
    numbers = values.astype(np.float64)
    mean = float(numbers.mean())
    distinct, cluster = np.unique(articles, return_inverse=True)
    groups = len(distinct)
    if groups < 2:
        return Estimate(mean, None, len(numbers), groups)
    totals = np.bincount(cluster, weights=numbers - mean, minlength=groups)
    error = math.sqrt(groups / (groups - 1) * float(totals @ totals)) / len(numbers)
    return Estimate(mean, error, len(numbers), groups)


def mean_metric(values: npt.NDArray[np.generic], articles: IntArray, confidence: float) -> Metric:
    """Mean of per-sample values; undefined with a reason when there are none."""
    if len(values) == 0:
        return undefined(NO_SAMPLE)
    estimate = estimate_mean(values, articles)
    bounds = estimate.bounds(confidence)
    return _metric(estimate.mean, bounds, estimate.n, estimate.articles)


def share_metric(hits: npt.NDArray[np.generic], articles: IntArray, confidence: float) -> Metric:
    """Share of True values with a Wilson interval on the effective sample size.

    A Wald interval shrinks to a point when every sample agrees. Here the sample size is replaced
    by ``p (1 - p) / se^2``, at least one and at most n; where all agree it is the number of
    articles, as if every article had answered once.
    """
    if len(hits) == 0:
        return undefined(NO_SAMPLE)
    estimate = estimate_mean(hits, articles)
    if estimate.error is None:
        return _metric(estimate.mean, None, estimate.n, estimate.articles)
    share, spread = estimate.mean, estimate.mean * (1 - estimate.mean)
    if estimate.error > 0 and spread > 0:
        size = min(max(spread / estimate.error**2, 1.0), float(estimate.n))
    else:
        size = float(estimate.articles)
    z2 = student_t(confidence, estimate.articles - 1) ** 2 / size
    centre = (share + z2 / 2) / (1 + z2)
    half = math.sqrt(z2 * (spread + z2 / 4)) / (1 + z2)
    bounds = (max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share)))
    return _metric(share, bounds, estimate.n, estimate.articles)


def median_metric(values: npt.NDArray[np.generic], articles: IntArray, confidence: float) -> Metric:
    """Median with Woodruff's interval: the quantiles at 0.5 ± t * se(share of values <= median)."""
    if len(values) == 0:
        return undefined(NO_SAMPLE)
    numbers = values.astype(np.float64)
    median = float(np.median(numbers))
    below = estimate_mean((numbers <= median).astype(np.float64), articles)
    if below.error is None:
        return _metric(median, None, below.n, below.articles)
    half = student_t(confidence, below.articles - 1) * below.error
    low = float(np.quantile(numbers, max(0.0, 0.5 - half), method="lower"))
    high = float(np.quantile(numbers, min(1.0, 0.5 + half), method="higher"))
    return _metric(median, (min(low, median), max(high, median)), below.n, below.articles)


def least_metric(differences: DoubleArray, articles: IntArray, confidence: float) -> Metric:
    """The smallest of several mean differences, e.g. the margin over the best rival offset.

    ``min_k mean(d_k)`` with the interval ``[min_k low_k, min_k high_k]``. The lower bound is the
    intersection-union bound: the true minimum lies below it only if its own interval misses.

    Args:
        differences: (n, K) per-sample differences.
        articles: (n,).
        confidence: two-sided.
    """
    if len(differences) == 0:
        return undefined(NO_SAMPLE)
    estimates = [estimate_mean(column, articles) for column in differences.T]
    value = min(estimate.mean for estimate in estimates)
    bounds = [estimate.bounds(confidence) for estimate in estimates]
    known = [bound for bound in bounds if bound is not None]
    interval = (min(low for low, _ in known), min(high for _, high in known)) if known else None
    return _metric(value, interval, estimates[0].n, estimates[0].articles)


def gap_metric(first: Estimate | None, second: Estimate | None, confidence: float) -> Metric:
    """``|first - second|`` of two independent sets of articles, Welch's interval folded at zero."""
    if first is None or second is None:
        return undefined("no sample in one of the two splits")
    difference = first.mean - second.mean
    n, articles = first.n + second.n, first.articles + second.articles
    if first.error is None or second.error is None:
        return Metric(abs(difference), None, None, n, articles, ONE_ARTICLE)
    variances = first.error**2, second.error**2
    total = sum(variances)
    if total == 0:
        return Metric(abs(difference), abs(difference), abs(difference), n, articles)
    degrees = total**2 / (
        variances[0] ** 2 / (first.articles - 1) + variances[1] ** 2 / (second.articles - 1)
    )
    half = student_t(confidence, degrees) * math.sqrt(total)
    ends = abs(difference - half), abs(difference + half)
    low = 0.0 if abs(difference) <= half else min(ends)
    return Metric(abs(difference), low, max(ends), n, articles)


_METRIC_OF: Mapping[str, Callable[[npt.NDArray[Any], IntArray, float], Metric]] = {
    "mean": mean_metric,
    "share": share_metric,
    "median": median_metric,
    "least": least_metric,
}


def undefined(reason: str) -> Metric:
    """A metric without a value."""
    return Metric(None, None, None, 0, 0, reason)


def _metric(value: float, bounds: tuple[float, float] | None, n: int, articles: int) -> Metric:
    if bounds is None:
        return Metric(value, None, None, n, articles, ONE_ARTICLE)
    return Metric(value, bounds[0], bounds[1], n, articles)
