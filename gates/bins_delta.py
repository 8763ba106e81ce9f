"""Gate E: does the model do as well on ood as on val, overall and per coherence bin?"""

from dataclasses import dataclass

import numpy as np

from gates.contracts import PredictorAnswers, Samples, Values
from gates.geometry import coherence, cosine_to_rows
from gates.intervals import Estimate, estimate_mean, gap_metric, summarise
from gates.options import Options
from gates.windows import context_rows
from schemas.records.evidence import Metric
from schemas.records.metrics import BINS


@dataclass(frozen=True)
class BinsDelta:
    """``cos`` (S,) to the target and ``bin`` (S,): 0 low, 1 normal, 2 high coherence.

    Attributes:
        edges: a context is low below the first edge, high above the second, else normal; every
            sample falls into exactly one bin.
    """

    edges: tuple[float, float] = Options.bin_edges
    name: str = "bins_delta"

    def measure(self, answers: PredictorAnswers) -> Samples:
        """Cosines of the base predictions and the coherence bin of each context."""
        mean_adjacent = coherence(answers.bank, context_rows(answers.last_rows, answers.window.context))
        low, high = self.edges
        bins = np.where(mean_adjacent < low, 0, np.where(mean_adjacent > high, 2, 1))
        return Samples(
            index=np.arange(len(answers.last_rows)),
            articles=answers.bank.articles[answers.last_rows],
            arrays={
                "cos": cosine_to_rows(answers.base, answers.bank, answers.target_rows),
                "coherence": mean_adjacent,
                "bin": bins.astype(np.int64),
            },
        )

    def values(self, samples: Samples) -> dict[str, Values]:
        """Cosines overall and of each bin."""
        cos, articles = samples.arrays["cos"], samples.articles
        found = {f"{self.name}.cos": Values("mean", cos, articles)}
        for number, name in enumerate(BINS):
            chosen = samples.arrays["bin"] == number
            found[f"{self.name}.{name}.cos"] = Values("mean", cos[chosen], articles[chosen])
        return found

    def score(self, samples: Samples, confidence: float) -> dict[str, Metric]:
        """Mean cosine overall and per bin, with the bin's count as ``n``."""
        return summarise(self.values(samples), confidence)

    def compare(self, val: Samples, ood: Samples, confidence: float) -> dict[str, Metric]:
        """``delta = |mean cos(val) - mean cos(ood)|``, overall and per bin."""
        mine, theirs = self.values(val), self.values(ood)
        return {
            f"{name.removesuffix('cos')}delta": gap_metric(_mean(each), _mean(theirs[name]), confidence)
            for name, each in mine.items()
        }


def _mean(values: Values) -> Estimate | None:
    return estimate_mean(values.values, values.articles) if len(values.values) else None
