"""Gate A: to which neighbour of the target is the prediction closest?

k = 0 is the target, k = -1 the chunk before it, k = -horizon the last context chunk.
"""

import numpy as np

from gates.clusters import Grouped
from gates.contracts import Bank, DoubleArray, FloatArray, IntArray, PredictorAnswers, Samples, Values
from gates.geometry import cosine_to_rows
from gates.intervals import (
    estimate_mean,
    linearised_ratio,
    metric_of,
    student_t,
    summarise,
    undefined,
)
from gates.windows import context_rows, fits
from schemas.records.evidence import Metric
from schemas.records.metrics import OFFSETS

TARGET = OFFSETS.index(0)
PREVIOUS = OFFSETS.index(-1)
LEAST_LIKENESS = 0.05
"""Copying is a share of how like the context the targets are, where they are at least so like it."""

_RIVALS = [i for i, k in enumerate(OFFSETS) if k != 0]


class OffsetSweep:
    """``cosines`` (m, 7) to target-3 ... target+3 and ``last`` (m,) to the last context chunk.

    ``unseen`` (7,) for every sample: whether the chunk at that offset is none of the context's.
    ``nearest`` and ``nearest_target`` (m,): the largest cosine of the prediction, and of the target, to a
    chunk of the context.
    """

    name = "offset_sweep"

    def measure(self, answers: PredictorAnswers) -> Samples:
        """Cosines of the base predictions, on the windows whose seven neighbours all exist."""
        index = np.flatnonzero(fits(answers.bank, answers.target_rows, before=-OFFSETS[0], after=OFFSETS[-1]))
        targets, predictions = answers.target_rows[index], answers.base[index]
        cosines = np.stack([cosine_to_rows(predictions, answers.bank, targets + k) for k in OFFSETS], axis=1)
        read = context_rows(answers.last_rows[index], answers.window.context)
        back = answers.window.horizon + np.arange(answers.window.context)
        unseen = ~np.isin(OFFSETS, -back)
        return Samples(
            index=index,
            articles=answers.bank.articles[targets],
            arrays={
                "cosines": cosines,
                "last": cosine_to_rows(predictions, answers.bank, targets - answers.window.horizon),
                "unseen": np.tile(unseen, (len(index), 1)),
                "nearest": _nearest(predictions, answers.bank, read),
                "nearest_target": _nearest(answers.bank.vectors[targets], answers.bank, read),
            },
        )

    def values(self, samples: Samples) -> dict[str, Values]:
        """Cosines per offset and their differences.

        ``margin = c[0] - max_{k != 0} c[k]``, ``margin_prev = c[0] - c[-1]``,
        ``margin_last = c[0] - cos(prediction, last context chunk)``, ``win_rate_prev`` the share
        of samples closer to the target than to the chunk before it (a tie is no win).
        ``margin_unseen``: the margin over offsets whose chunk the model was not shown, k = 1 to 3 and
        those between context and target. ``copying``: the mean of the largest cosine to the context over
        the mean of the same of the target; undefined where the latter is below 0.05.
        """
        cosines = samples.arrays["cosines"].astype(np.float64)
        target, previous = cosines[:, TARGET], cosines[:, PREVIOUS]
        means = {f"cos@{k:+d}": cosines[:, i] for i, k in enumerate(OFFSETS)}
        means |= {
            "cos": target,
            "margin_prev": target - previous,
            "margin_last": target - samples.arrays["last"].astype(np.float64),
        }
        found = {name: Values("mean", column, samples.articles) for name, column in means.items()}
        found["margin"] = Values("least", target[:, None] - cosines[:, _RIVALS], samples.articles)
        unseen = np.asarray(samples.arrays["unseen"].all(axis=0)) & (np.array(OFFSETS) != 0)
        found["margin_unseen"] = Values("least", target[:, None] - cosines[:, unseen], samples.articles)
        found["copying"] = _copying(samples)
        found["win_rate_prev"] = Values("share", target > previous, samples.articles)
        return {f"{self.name}.{name}": values for name, values in found.items()}

    def score(self, samples: Samples, confidence: float) -> dict[str, Metric]:
        """Means per offset, margins and the peak, which is no mean of samples."""
        scores = summarise(self.values(samples), confidence)
        cosines = samples.arrays["cosines"].astype(np.float64)
        return scores | {f"{self.name}.peak_offset": _peak(cosines, samples.articles, confidence)}


def _nearest(vectors: FloatArray, bank: Bank, read: IntArray) -> DoubleArray:
    """(m,) largest cosine of unit rows (m, D) to the chunks (m, L) each window has read."""
    nearest = np.full(len(vectors), -1.0)
    for place in range(read.shape[1]):
        np.maximum(nearest, cosine_to_rows(vectors, bank, read[:, place]), out=nearest)
    return nearest


def _copying(samples: Samples) -> Values:
    """Each sample's part in the ratio of the two means."""
    mine, target = (samples.arrays[name].astype(np.float64) for name in ("nearest", "nearest_target"))
    if len(target) and target.mean() < LEAST_LIKENESS:
        reason = (
            f"targets are hardly like what was read: {target.mean():.3f}, and less than {LEAST_LIKENESS} "
            "says nothing of copying"
        )
        return Values("mean", mine[:0], samples.articles[:0], reason)
    ratio = linearised_ratio(mine, target) if len(target) else mine
    return Values("mean", ratio, samples.articles)


def _peak(cosines: DoubleArray, articles: IntArray, confidence: float) -> Metric:
    """The offset with the highest mean, and the span of offsets not significantly below it.

    Equal means count against the model: the peak is then the tied offset farthest from the target.
    """
    if len(cosines) == 0:
        return undefined("no window has all seven neighbours")
    means = cosines.mean(axis=0)
    tied = [i for i in range(len(OFFSETS)) if means[i] == means.max()]
    best = max(tied, key=lambda i: (abs(OFFSETS[i]), -i))
    grouped = Grouped.of(articles)
    gaps = [estimate_mean(cosines[:, best] - cosines[:, i], grouped) for i in range(len(OFFSETS))]
    clusters = gaps[best].clusters
    if clusters.degrees is None:
        return metric_of(float(OFFSETS[best]), None, clusters)
    t = student_t(confidence, clusters.degrees)
    near = [k for k, gap in zip(OFFSETS, gaps, strict=True) if gap.mean <= t * (gap.error or 0.0)]
    return metric_of(float(OFFSETS[best]), (float(min(near)), float(max(near))), clusters)
