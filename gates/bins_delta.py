"""Gate E: does the model do as well on ood as on val, overall and per coherence bin?"""

from dataclasses import dataclass

import numpy as np

from gates.contracts import Run, Samples
from gates.geometry import coherence, cosine_to_rows
from gates.intervals import Estimate, estimate_mean, gap_metric, mean_metric
from gates.windows import context_rows
from schemas.metrics import BINS
from schemas.report import Metric

DEFAULT_EDGES = (0.45, 0.55)


@dataclass(frozen=True)
class BinsDelta:
    """``cos`` (S,) to the target and ``bin`` (S,): 0 low, 1 normal, 2 high coherence.

    Attributes:
        edges: a context is low below the first edge, high above the second, else normal; every
            sample falls into exactly one bin.
    """

    edges: tuple[float, float] = DEFAULT_EDGES
    name: str = "bins_delta"

    def measure(self, run: Run) -> Samples:
        """Cosines of the base predictions and the coherence bin of each context."""
        mean_adjacent = coherence(run.bank, context_rows(run.last_rows, run.context))
        low, high = self.edges
        bins = np.where(mean_adjacent < low, 0, np.where(mean_adjacent > high, 2, 1))
        return Samples(
            index=np.arange(len(run.last_rows)),
            articles=run.bank.articles[run.last_rows],
            arrays={
                "cos": cosine_to_rows(run.base, run.bank, run.target_rows),
                "coherence": mean_adjacent,
                "bin": bins.astype(np.int64),
            },
        )

    def score(self, samples: Samples, confidence: float) -> dict[str, Metric]:
        """Mean cosine overall and per bin, with the bin's count as ``n``."""
        cos, articles = samples.arrays["cos"], samples.articles
        scores = {f"{self.name}.cos": mean_metric(cos, articles, confidence)}
        for number, name in enumerate(BINS):
            chosen = samples.arrays["bin"] == number
            scores[f"{self.name}.{name}.cos"] = mean_metric(cos[chosen], articles[chosen], confidence)
        return scores

    def compare(self, val: Samples, ood: Samples, confidence: float) -> dict[str, Metric]:
        """``delta = |mean cos(val) - mean cos(ood)|``, overall and per bin."""
        scores = {f"{self.name}.delta": gap_metric(_mean(val, None), _mean(ood, None), confidence)}
        for number, name in enumerate(BINS):
            scores[f"{self.name}.{name}.delta"] = gap_metric(
                _mean(val, number), _mean(ood, number), confidence
            )
        return scores


def _mean(samples: Samples, number: int | None) -> Estimate | None:
    chosen = np.full(len(samples.index), True) if number is None else samples.arrays["bin"] == number
    if not chosen.any():
        return None
    return estimate_mean(samples.arrays["cos"][chosen], samples.articles[chosen])
