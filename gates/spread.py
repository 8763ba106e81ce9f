"""The shape of all predictions together: do they spread as the targets do, and in as many directions?

A network that has collapsed answers nearly the same everywhere, or moves along a few directions only. Both
show without any target being hit or missed.

The intervals are infinitesimal jackknives (Jaeckel 1972; Efron 1981): the jackknife over articles with every
article left out to first order. Each sample's part in an estimate is its derivative by that sample's weight,
and the clustered interval of a mean does the rest; one eigendecomposition serves all articles.
Effective rank: Roy and Vetterli 2007; as a sign of collapse: RankMe (arXiv 2210.02885).
"""

from dataclasses import dataclass, field

import numpy as np

from gates.contracts import DoubleArray, FloatArray, IntArray, PredictorAnswers, Samples, Values
from gates.intervals import linearised_ratio, summarise
from gates.seeded import hash_rows
from schemas.records.evidence import Metric
from schemas.records.metrics import GEOMETRY

MOST_WINDOWS = 1_000
COLLAPSED = 1e-4
"""Below this share of the targets' variance, what directions are left is rounding: the rank is 0."""

_ALIKE = "all targets are alike, so they have no spread to compare with"


@dataclass(frozen=True, eq=False)
class Shape:
    """How some rows (m, D) lie about their mean.

    Attributes:
        distances: (m,) squared distance of each from the mean.
        entropy: of their normalised singular values; its exponential is the effective rank.
        parts: (m,) derivative of the entropy by the weight of each row; their sum is 0.
    """

    distances: DoubleArray
    entropy: float
    parts: DoubleArray

    @classmethod
    def of(cls, rows: FloatArray, least: float = 0.0) -> "Shape":
        """Of rows (m, D), in float64.

        Rows whose distances sum to less than ``least`` have collapsed: nobody asks for the directions of what
        is left of them, so their entropy and its parts are 0.

        With eigenvalues s_i^2 of the scatter, p_i = s_i / sum s and H = -sum p log p, a row x about the mean
        moves s_i^2 by (u_i . x)^2 and so H by ``-sum_i (log p_i + H) (u_i . x)^2 / (2 s_i sum s)``.
        """
        centred = rows.astype(np.float64)
        centred -= centred.mean(axis=0)
        distances: DoubleArray = np.einsum("md,md->m", centred, centred)
        if distances.sum() < least:
            return cls(distances, 0.0, np.zeros(len(rows)))
        values, vectors = np.linalg.eigh(centred.T @ centred)
        kept = values > 1e-14 * max(float(values[-1]), 0.0)  # the others are rounding
        single = np.sqrt(values[kept])
        shares = single / single.sum()
        entropy = float(-(shares * np.log(shares)).sum())
        along = (centred @ vectors[:, kept]) ** 2
        parts: DoubleArray = along @ (-(np.log(shares) + entropy) / (2 * single * single.sum()))
        return cls(distances, entropy, parts)


@dataclass(frozen=True, eq=False)
class Spread:
    """Both shares, on at most 1000 seeded windows.

    ``spread`` and ``spread_target`` (m,): squared distances from the mean prediction and the mean target.
    ``rank_share`` (m,): its mean is the ratio of the effective ranks, the rest each sample's part.

    Attributes:
        name: a group of metrics that is none of the five gates.
    """

    name: str = GEOMETRY
    _targets: dict[bytes, Shape] = field(default_factory=dict, init=False, repr=False)

    def measure(self, answers: PredictorAnswers) -> Samples:
        """Compare the shape of the base predictions with that of their targets."""
        order = np.argsort(hash_rows(answers.last_rows, seed=answers.seed, stream=GEOMETRY), kind="stable")
        index = np.sort(order[:MOST_WINDOWS])
        targets = self._shape_of_targets(answers, index)
        least = COLLAPSED * float(targets.distances.sum())
        predictions = Shape.of(answers.base[index], least)
        collapsed = predictions.distances.sum() < least
        share = 0.0 if collapsed else float(np.exp(predictions.entropy - targets.entropy))
        return Samples(
            index=index,
            articles=answers.bank.articles[answers.last_rows[index]],
            arrays={
                "spread": predictions.distances,
                "spread_target": targets.distances,
                "rank_share": share * (1 + len(index) * (predictions.parts - targets.parts)),
            },
        )

    def _shape_of_targets(self, answers: PredictorAnswers, index: IntArray) -> Shape:
        """The same for every predictor, so it is made once."""
        rows = answers.target_rows[index]
        key = rows.tobytes()
        if key not in self._targets:
            self._targets[key] = Shape.of(answers.bank.vectors[rows])
        return self._targets[key]

    def values(self, samples: Samples) -> dict[str, Values]:
        """As :func:`spread_values`."""
        return spread_values(samples)

    def score(self, samples: Samples, confidence: float) -> dict[str, Metric]:
        """Both shares."""
        return summarise(self.values(samples), confidence)


def spread_values(samples: Samples) -> dict[str, Values]:
    """Each sample's part in the two shares."""
    spread, target = samples.arrays["spread"], samples.arrays["spread_target"]
    articles = samples.articles
    if not target.any():
        none = Values("mean", np.empty(0), articles[:0], _ALIKE)
        return {f"{GEOMETRY}.spread_share": none, f"{GEOMETRY}.rank_share": none}
    return {
        f"{GEOMETRY}.spread_share": Values("mean", linearised_ratio(spread, target), articles),
        f"{GEOMETRY}.rank_share": Values("mean", samples.arrays["rank_share"], articles),
    }
