"""What a sample of articles can show, said before anything is measured on it.

A gain counts as shown where its whole interval lies above the threshold, so its lower end must. How likely
that is for a true gain hangs on the spread of article means, and on how many windows each article has.
"""

import math

import numpy as np
from scipy.special import nctdtr

from gates.contracts import DoubleArray, IntArray
from gates.intervals import Clusters, estimate_mean, student_t
from gates.variance import variance_form

POWER = 0.8
"""Chance with which what is called detectable is shown."""
MOST_ARTICLES = 10_000
"""Where more are needed, this many windows of the kind show nothing of the size."""


def spread_of_articles(values: DoubleArray, articles: IntArray) -> float | None:
    """Standard deviation of article means, from per-sample values; None for a single article.

    Of a mean with weights w it makes the variance ``spread^2 sum w^2``, so it is the clustered standard
    error times the root of the effective articles.

    Args:
        values: (n,) n >= 1.
        articles: (n,).
    """
    estimate = estimate_mean(values, articles)
    return None if estimate.error is None else estimate.error * math.sqrt(estimate.clusters.effective)


def smallest_shown(
    spread: float, sizes: IntArray, confidence: float, *, power: float = POWER
) -> float | None:
    """The smallest true mean whose interval lies wholly above zero with probability ``power``.

    With t the interval's critical value and f its degrees of freedom, the noncentrality at which a
    noncentral t with f degrees exceeds t that often, times the standard error of the mean. t is scaled by
    how much the variance is underestimated where one article outweighs the others.

    Args:
        spread: standard deviation of article means, in the figure's own unit.
        sizes: (G,) windows of each article, at least one each.
        confidence: of the two-sided interval.
        power: in (0.5, 1).

    Returns:
        In the unit of ``spread``; None for fewer than two articles, which have no interval.
    """
    if len(sizes) < 2:
        return None
    form = variance_form(sizes)
    degrees, critical = form.degrees, student_t(confidence, form.degrees) * math.sqrt(form.share)
    low, high = 0.0, 1.0
    while nctdtr(degrees, high, critical) > 1 - power:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if nctdtr(degrees, middle, critical) > 1 - power else (low, middle)
    return high * spread / math.sqrt(Clusters.of(sizes).effective)


def articles_needed(
    gain: float, spread: float, sizes: IntArray, confidence: float, *, power: float = POWER
) -> int | None:
    """How many articles of the same kind show a true mean of ``gain`` with probability ``power``.

    Args:
        gain: above 0, in the unit of ``spread``.
        spread: as in :func:`smallest_shown`.
        sizes: (G,) windows of each article that is known: the kind that more are drawn from.
        confidence: of the two-sided interval.
        power: in (0.5, 1).

    Returns:
        At least 2; None where :data:`MOST_ARTICLES` are not enough.
    """
    if not _enough(MOST_ARTICLES, gain, spread, sizes, confidence, power):
        return None
    few, many = 1, MOST_ARTICLES
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (
            (few, middle) if _enough(middle, gain, spread, sizes, confidence, power) else (middle, many)
        )
    return many


def _enough(count: int, gain: float, spread: float, sizes: IntArray, confidence: float, power: float) -> bool:
    shown = smallest_shown(spread, _alike(sizes, count), confidence, power=power)
    return shown is not None and shown <= gain


def _alike(sizes: IntArray, count: int) -> IntArray:
    """(count,) lengths at evenly spaced quantiles of the known ones."""
    places = (np.arange(count) + 0.5) / count * len(sizes)
    alike: IntArray = np.sort(sizes)[places.astype(np.int64)]
    return alike
