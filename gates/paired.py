"""Is one model better than another? Differences on identical samples, clustered by article.

Two models that answer the same windows err on the same hard ones. The difference is therefore taken
sample by sample, and its spread is that of the paired differences, not of two independent groups.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from gates.ablations import Ablations
from gates.bins_delta import BinsDelta
from gates.clusters import Articles, Clusters
from gates.contracts import DoubleArray, Samples, Values
from gates.intervals import (
    NO_SAMPLE,
    Estimate,
    estimate_mean,
    metric_of,
    student_t,
    undefined,
    welch,
)
from gates.leaked import recited_values
from gates.offset_sweep import OffsetSweep
from gates.retrieval import retrieval_values
from gates.rollout import Rollout
from gates.spread import spread_values
from schemas.errors import DataError
from schemas.records.evidence import Metric
from schemas.records.power import CHANCE
from schemas.records.splits import EVALUATED, PAIR

Recorded = Mapping[str, Mapping[str, Samples]]
"""split -> gate -> what was measured of every sample."""

_BINS = BinsDelta()
_VALUES: Mapping[str, Callable[[Samples], dict[str, Values]]] = {
    "offset_sweep": OffsetSweep().values,
    "retrieval": retrieval_values,
    "ablations": Ablations().values,
    "rollout": Rollout().values,
    "bins_delta": _BINS.values,
    "geometry": spread_values,
    "data": recited_values,  # what leaks is the same for both
}

NO_MEDIAN = "the difference of two medians has no clustered interval here"


@dataclass(frozen=True)
class Paired:
    """A difference, second minus first.

    Attributes:
        metric: estimate, interval, samples and articles.
        detectable: the smallest true difference that this sample would have shown (an interval
            without zero) with probability 0.8; None where there is no interval.
    """

    metric: Metric
    detectable: float | None


def compare_recorded(first: Recorded, second: Recorded, confidence: float) -> dict[str, dict[str, Paired]]:
    """The difference of every metric that has per-sample values: split -> metric -> second minus first.

    Raises:
        DataError: the two do not hold the same samples.
    """
    found: dict[str, dict[str, Paired]] = {}
    for split, gates in first.items():
        found[split] = {}
        for gate, samples in gates.items():
            other = second[split][gate]
            _refuse_others(samples, other, f"{gate} on {split}")
            mine, theirs = sample_values(gate, samples), sample_values(gate, other)
            found[split] |= {name: paired_difference(mine[name], theirs[name], confidence) for name in mine}
    sides = [
        [_BINS.values(recorded[split][_BINS.name]) for split in EVALUATED] for recorded in (first, second)
    ]
    found[PAIR] = {
        f"{name.removesuffix('cos')}delta": paired_gap(
            (sides[0][0][name], sides[0][1][name]), (sides[1][0][name], sides[1][1][name]), confidence
        )
        for name in sides[0][0]
    }
    return found


def sample_values(gate: str, samples: Samples) -> dict[str, Values]:
    """Full metric name -> its per-sample values, for every metric of ``gate`` that has some."""
    return _VALUES[gate](samples)


def _refuse_others(first: Samples, second: Samples, where: str) -> None:
    same = np.array_equal(first.index, second.index) and np.array_equal(first.articles, second.articles)
    if "bin" in first.arrays:
        same = same and np.array_equal(first.arrays["bin"], second.arrays["bin"])
    if not same:
        raise DataError(f"the scores of the two reports belong to different samples: {where}")


def paired_difference(
    first: Values, second: Values, confidence: float, articles: Articles | None = None
) -> Paired:
    """The difference of a metric between two models on the same samples.

    ``mean`` and ``share``: the mean of the paired differences with its clustered error. ``least``
    (the margin): each side is linearised at its own smallest column, ``d2[:, k2] - d1[:, k1]``, whose
    mean is exactly the difference of the two. ``median``: the estimate only.

    Where no sample differs, a share has no spread to estimate; its interval is then the Wilson bound
    of a share of zero among as many answers as there are effective articles.

    Args:
        first: of one model.
        second: of the other, the same samples in the same order.
        confidence: two-sided.
        articles: of both, where many are compared on these samples.
    """
    if len(first.values) == 0:
        return Paired(undefined(NO_SAMPLE), None)
    estimate = estimate_mean(column(second) - column(first), first.articles if articles is None else articles)
    clusters = estimate.clusters
    if first.kind == "median":
        medians = [float(np.median(side.values.astype(np.float64))) for side in (first, second)]
        unknown = metric_of(medians[1] - medians[0], None, clusters)
        return Paired(replace(unknown, reason=NO_MEDIAN), None)
    if first.kind == "share" and estimate.error == 0 and estimate.mean == 0 and clusters.degrees is not None:
        z2 = student_t(confidence, clusters.degrees) ** 2
        half = z2 / (clusters.effective + z2)
        return Paired(metric_of(0.0, (-half, half), clusters), half)
    return _paired(estimate, confidence)


def paired_gap(first: tuple[Values, Values], second: tuple[Values, Values], confidence: float) -> Paired:
    """The difference of ``|mean val - mean ood|`` between two models; each pair is (val, ood).

    Linearised at the sign of each gap; val and ood are independent articles, so their variances add
    and Welch's degrees of freedom apply.
    """
    signs = [_sign(*pair) for pair in (first, second)]
    if None in signs:
        return Paired(undefined("no sample in one of the two splits"), None)
    mine, theirs = cast("list[float]", signs)
    parts = []
    for side, direction in ((0, 1.0), (1, -1.0)):
        change = theirs * column(second[side]) - mine * column(first[side])
        parts.append(estimate_mean(direction * change, first[side].articles))
    clusters, error = welch(*parts)
    return _paired(Estimate(parts[0].mean + parts[1].mean, error, clusters), confidence)


def column(values: Values) -> DoubleArray:
    """What each sample adds to a mean: of ``least`` the column that is smallest on average."""
    numbers: DoubleArray = values.values.astype(np.float64)
    if values.kind != "least":
        return numbers
    smallest: DoubleArray = numbers[:, int(np.argmin(numbers.mean(axis=0)))]
    return smallest


def _sign(val: Values, ood: Values) -> float | None:
    if not (len(val.values) and len(ood.values)):
        return None
    return 1.0 if float(val.values.mean()) >= float(ood.values.mean()) else -1.0


def _paired(estimate: Estimate, confidence: float) -> Paired:
    metric = metric_of(estimate.mean, estimate.bounds(confidence), estimate.clusters)
    return Paired(metric, _detectable(estimate.error, estimate.clusters, confidence))


def _detectable(error: float | None, clusters: Clusters, confidence: float) -> float | None:
    if error is None or clusters.degrees is None:
        return None
    return (student_t(confidence, clusters.degrees) + student_t(2 * CHANCE - 1, clusters.degrees)) * error
