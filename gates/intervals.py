"""Confidence intervals clustered by article.

Windows of one article overlap and resemble each other, so the number of articles, not of windows,
says how much is known. All intervals treat articles as the sampled units, and articles are few and
of unequal length: with weights w_g = n_g / n and article means m_g the variance of a mean m is

    V = sum_g (w_g (m_g - m))^2 / (1 - w_g)

(bias-reduced, CR2, with articles of equally variable means as its working model), and Student's t has
the degrees of freedom of :mod:`gates.variance` (Satterthwaite). Articles of equal length give the
textbook's G - 1. ``benchmarks/coverage.py`` shows how often they cover.

Sources: Bell and McCaffrey 2002, "Bias reduction in standard errors for linear regression with
multi-stage samples" (CR2); Pustejovsky and Tipton 2018, "Small-sample methods for cluster-robust variance
estimation" (degrees of freedom); Korn and Graubard 1998, "Confidence intervals for proportions with small
expected number of positive counts" (effective sample size); Woodruff 1952, "Confidence intervals for
medians" (test inversion).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from gates.clusters import Articles, Clusters, Grouped
from gates.contracts import DoubleArray, Values
from schemas.records.evidence import Metric

ONE_ARTICLE = "an interval needs samples of at least 2 articles"
NO_SAMPLE = "no sample"


@dataclass(frozen=True)
class Estimate:
    """A mean with its clustered standard error (None where a single article leaves it unknown)."""

    mean: float
    error: float | None
    clusters: Clusters

    def bounds(self, confidence: float) -> tuple[float, float] | None:
        """Mean ± t * error with the clusters' degrees of freedom."""
        if self.error is None or self.clusters.degrees is None:
            return None
        half = student_t(confidence, self.clusters.degrees) * self.error
        return self.mean - half, self.mean + half


def student_t(confidence: float, degrees: float) -> float:
    """Two-sided Student's t quantile, e.g. 1.96 at 0.95 with many degrees of freedom."""
    return float(stdtrit(degrees, 0.5 + confidence / 2))


def summarise(values: Mapping[str, Values], confidence: float) -> dict[str, Metric]:
    """The metric of each name, by its kind."""
    arrays = {id(each.articles): each.articles for each in values.values() if len(each.values)}
    grouped = {key: Grouped.of(articles) for key, articles in arrays.items()}
    return {
        name: _METRIC_OF[each.kind](each.values, grouped[id(each.articles)], confidence)
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


def estimate_mean(values: npt.NDArray[np.generic], articles: Articles) -> Estimate:
    """Mean and article-clustered standard error of per-sample values, as the module says.

    Args:
        values: (n,) with n >= 1.
        articles: (n,) cluster of each value.
    """
    grouped = Grouped.of(articles)
    clusters = grouped.clusters
    numbers = values.astype(np.float64)
    mean = float(numbers.mean())
    if clusters.degrees is None:
        return Estimate(mean, None, clusters)
    totals = np.bincount(grouped.place, weights=numbers - mean)
    error = math.sqrt(float(totals @ (totals * grouped.inflation))) / clusters.n
    return Estimate(mean, error, clusters)


def mean_metric(values: npt.NDArray[np.generic], articles: Articles, confidence: float) -> Metric:
    """Mean of per-sample values; undefined with a reason when there are none."""
    if len(values) == 0:
        return undefined(NO_SAMPLE)
    estimate = estimate_mean(values, articles)
    return metric_of(estimate.mean, estimate.bounds(confidence), estimate.clusters)


def share_metric(hits: npt.NDArray[np.generic], articles: Articles, confidence: float) -> Metric:
    """Share of True values with a Wilson interval on the effective sample size.

    A Wald interval shrinks to a point when every sample agrees. Here the sample size is replaced
    by ``p (1 - p) / V``, at least one and at most n; where all articles agree it is the effective
    number of articles, as if every article had answered once.
    """
    if len(hits) == 0:
        return undefined(NO_SAMPLE)
    estimate = estimate_mean(hits, articles)
    clusters = estimate.clusters
    if estimate.error is None or clusters.degrees is None:
        return metric_of(estimate.mean, None, clusters)
    share, spread = estimate.mean, estimate.mean * (1 - estimate.mean)
    if estimate.error > 0 and spread > 0:
        size = min(max(spread / estimate.error**2, 1.0), float(clusters.n))
    else:
        size = clusters.effective
    z2 = student_t(confidence, clusters.degrees) ** 2 / size
    centre = (share + z2 / 2) / (1 + z2)
    half = math.sqrt(z2 * (spread + z2 / 4)) / (1 + z2)
    bounds = (max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share)))
    return metric_of(share, bounds, clusters)


def median_metric(values: npt.NDArray[np.generic], articles: Articles, confidence: float) -> Metric:
    """Median with Woodruff's interval: the quantiles at 0.5 ± t * se(share of values <= median)."""
    if len(values) == 0:
        return undefined(NO_SAMPLE)
    numbers = values.astype(np.float64)
    median = float(np.median(numbers))
    below = estimate_mean((numbers <= median).astype(np.float64), articles)
    if below.error is None or below.clusters.degrees is None:
        return metric_of(median, None, below.clusters)
    half = student_t(confidence, below.clusters.degrees) * below.error
    low = float(np.quantile(numbers, max(0.0, 0.5 - half), method="lower"))
    high = float(np.quantile(numbers, min(1.0, 0.5 + half), method="higher"))
    return metric_of(median, (min(low, median), max(high, median)), below.clusters)


def least_metric(differences: DoubleArray, articles: Articles, confidence: float) -> Metric:
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
    grouped = Grouped.of(articles)
    estimates = [estimate_mean(column, grouped) for column in differences.T]
    value = min(estimate.mean for estimate in estimates)
    bounds = [estimate.bounds(confidence) for estimate in estimates]
    known = [bound for bound in bounds if bound is not None]
    interval = (min(low for low, _ in known), min(high for _, high in known)) if known else None
    return metric_of(value, interval, estimates[0].clusters)


def welch(first: Estimate, second: Estimate) -> tuple[Clusters, float | None]:
    """The difference of two independent estimates: what it rests on, and its standard error.

    Samples, articles and effective articles add up, though the sum hides a side that weighs little: whoever
    needs enough of them asks each side. The degrees of freedom are Welch's of the two.
    """
    one, two = first.clusters, second.clusters
    counts = one.n + two.n, one.articles + two.articles, one.effective + two.effective
    if first.error is None or second.error is None or one.degrees is None or two.degrees is None:
        return Clusters(*counts, None), None
    variances = first.error**2, second.error**2
    total = sum(variances)
    if total == 0:
        return Clusters(*counts, one.degrees + two.degrees), 0.0
    degrees = total**2 / (variances[0] ** 2 / one.degrees + variances[1] ** 2 / two.degrees)
    return Clusters(*counts, degrees), math.sqrt(total)


def gap_metric(first: Estimate | None, second: Estimate | None, confidence: float) -> Metric:
    """``|first - second|`` of two independent sets of articles, Welch's interval folded at zero."""
    if first is None or second is None:
        return undefined("no sample in one of the two splits")
    difference = first.mean - second.mean
    clusters, error = welch(first, second)
    bounds = Estimate(difference, error, clusters).bounds(confidence)
    if bounds is None:
        return metric_of(abs(difference), None, clusters)
    low, high = sorted(abs(end) for end in bounds)
    return metric_of(abs(difference), (0.0 if bounds[0] <= 0 <= bounds[1] else low, high), clusters)


_METRIC_OF: Mapping[str, Callable[[npt.NDArray[Any], Articles, float], Metric]] = {
    "mean": mean_metric,
    "share": share_metric,
    "median": median_metric,
    "least": least_metric,
}


def undefined(reason: str) -> Metric:
    """A metric without a value."""
    return Metric(None, None, None, 0, 0, reason)


def metric_of(value: float, bounds: tuple[float, float] | None, clusters: Clusters) -> Metric:
    """A value, its interval (none where a single article leaves it unknown), and what it rests on."""
    low, high = bounds or (None, None)
    reason = "" if bounds else ONE_ARTICLE
    degrees = clusters.degrees if bounds else None
    return Metric(value, low, high, clusters.n, clusters.articles, reason, clusters.effective, degrees)
