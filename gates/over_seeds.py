"""What a recipe scores: the mean over runs that differ in their seed only, on the very same samples.

Two things could have come out otherwise. With other articles the same runs would score otherwise: the
clustered interval of the mean over runs. With other seeds the same articles would: the spread of the runs.
They are different draws, so both are told, and neither stands for the other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gates.contracts import Values
from gates.intervals import student_t
from gates.paired import column, paired_difference
from schemas.records.evidence import Metric


@dataclass(frozen=True)
class OverSeeds:
    """A metric of a recipe, or the difference of a metric between two recipes.

    Attributes:
        articles: the mean over runs, with its interval clustered by article.
        deviation: standard deviation between single runs; of a difference, between pairs of them.
        seeds: half of the interval over seeds, at the same confidence; None where it is undefined.
    """

    articles: Metric
    deviation: float
    seeds: float | None


def over_seeds(runs: Sequence[Values], confidence: float) -> OverSeeds:
    """The mean of a metric over runs.

    Args:
        runs: of each seed, the same samples in the same order; two or more.
        confidence: two-sided, of both intervals.
    """
    nothing = _mean([Values("mean", np.zeros(len(runs[0].values)), runs[0].articles)])
    found = paired_difference(nothing, _mean(runs), confidence).metric
    return OverSeeds(found, math.sqrt(_variance(runs)), _half([runs], confidence))


def recipe_difference(first: Sequence[Values], second: Sequence[Values], confidence: float) -> OverSeeds:
    """Second minus first: the difference of the two means over runs, paired by sample.

    The seeds of the two are independent: their variances add, with Welch's degrees of freedom.

    Args:
        first: a recipe's runs.
        second: the other's; their number may differ.
        confidence: two-sided, of both intervals.
    """
    found = paired_difference(_mean(first), _mean(second), confidence).metric
    deviation = math.sqrt(_variance(first) + _variance(second))
    return OverSeeds(found, deviation, _half([first, second], confidence))


def _mean(runs: Sequence[Values]) -> Values:
    """The mean over runs of what each sample adds; a margin is linearised at each run's own column."""
    return Values("mean", np.mean([column(run) for run in runs], axis=0), runs[0].articles)


def _variance(runs: Sequence[Values]) -> float:
    """Between the metric's values of single runs."""
    if len(runs) < 2 or not len(runs[0].values):
        return 0.0
    return float(np.var([column(run).mean() for run in runs], ddof=1))


def _half(recipes: Sequence[Sequence[Values]], confidence: float) -> float | None:
    """T times the standard error of the mean over seeds; of two recipes by Welch."""
    if any(len(runs) < 2 for runs in recipes):
        return None
    parts = [(_variance(runs) / len(runs), len(runs) - 1) for runs in recipes]
    total = sum(variance for variance, _ in parts)
    if total == 0.0:
        return 0.0
    degrees = total**2 / sum(variance**2 / left for variance, left in parts)
    return student_t(confidence, degrees) * math.sqrt(total)
