"""What a sample of articles can show, said before anything is measured on it.

A gain counts as shown where its whole interval lies above the threshold, so its lower end must. How likely
that is for a true gain hangs on the spread of article means, and on how many windows each article has.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, nctdtr

from gates.arithmetic import usual_arithmetic
from gates.clusters import Clusters
from gates.contracts import IntArray
from gates.intervals import student_t
from gates.variance import variance_form
from schemas.records.evidence import Metric
from schemas.records.power import CHANCE, MOST_ARTICLES, WORTH, Power

_FAR = 1e3
"""A critical value from which the noncentral t is the root of a chi-square; scipy's fails far beyond it."""

_ROUNDING = 1e-9
"""Article means that differ by less are the same: those of a model and of the control that it is."""


@dataclass(frozen=True, eq=False)
class Sampled:
    """A figure with what it rests on.

    Attributes:
        metric: a mean, or the least of several, with its interval.
        articles: (n,) article of each of its windows.
    """

    metric: Metric
    articles: IntArray

    @property
    def sizes(self) -> IntArray:
        """(G,) windows of each article."""
        found: IntArray = np.unique(self.articles, return_counts=True)[1]
        return found

    def spread(self, confidence: float) -> float | None:
        """Standard deviation of article means, as far as the interval reaches down; None without one.

        Article means that vary by s make a mean with weights w vary by ``s (sum w^2)^(1/2)``. Of that
        variance the clustered error sees a share only where one article outweighs the others.
        """
        value, low, degrees = self.metric.value, self.metric.low, self.metric.degrees
        if value is None or low is None or degrees is None:
            return None
        error, sizes = (value - low) / student_t(confidence, degrees), self.sizes
        return error * math.sqrt(Clusters.of(sizes).effective / variance_form(sizes).share)


@usual_arithmetic
def power_of(gains: Iterable[tuple[str, Sampled]], margin: Sampled, confidence: float) -> Power:
    """What a split can show of a model whose articles differ from each other as these do.

    Args:
        gains: controls, the best one first, with the gain in bits over each. A control that the model itself
            is tells nothing: the first over which gains differ from article to article is taken.
        margin: of the offset sweep.
        confidence: of the intervals.
    """
    aside = margin.spread(confidence)
    least = None if aside is None else smallest_shown(aside, margin.sizes, confidence)
    for rival, gain in gains:
        spread = gain.spread(confidence)
        if spread is not None and spread > _ROUNDING:
            sizes = gain.sizes
            return Power(
                rival=rival,
                gain=smallest_shown(spread, sizes, confidence),
                margin=least,
                articles=articles_needed(WORTH, spread, sizes, confidence),
            )
    return Power(rival=None, gain=None, margin=least, articles=None)


def smallest_shown(
    spread: float, sizes: IntArray, confidence: float, *, power: float = CHANCE
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
    noncentrality = _noncentrality(degrees, critical, power)
    return noncentrality * spread / math.sqrt(Clusters.of(sizes).effective)


def _noncentrality(degrees: float, critical: float, power: float) -> float:
    """At which a noncentral t exceeds ``critical`` that often."""
    if critical > _FAR:
        # What the numerator adds to its mean is nothing beside that: only the chi-square below it decides.
        return critical * math.sqrt(chdtri(degrees, 1 - power) / degrees)
    low, high = 0.0, 1.0
    while nctdtr(degrees, high, critical) > 1 - power:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if nctdtr(degrees, middle, critical) > 1 - power else (low, middle)
    return high


def articles_needed(
    gain: float, spread: float, sizes: IntArray, confidence: float, *, power: float = CHANCE
) -> int | None:
    """How many articles of the same kind show a true mean of ``gain`` with probability ``power``.

    Args:
        gain: above 0, in the unit of ``spread``.
        spread: as in :func:`smallest_shown`.
        sizes: (G,) windows of each article that is known: the kind that more are drawn from.
        confidence: of the two-sided interval.
        power: in (0.5, 1).

    Returns:
        At least 2, and at most those that are known exactly where these are enough; None where neither they
        nor :data:`MOST_ARTICLES` are.
    """
    few, many = 1, len(sizes)
    if not _enough(many, gain, spread, sizes, confidence, power):
        few, many = many, MOST_ARTICLES
        if few >= many or not _enough(many, gain, spread, sizes, confidence, power):
            return None
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
