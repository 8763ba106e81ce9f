"""Has the test been seen? Targets that lie outside their split too, and answers that recite them.

A group of metrics that is none of the five gates. Its first figure is of the data alone and the same for
every predictor; the second is of the predictor.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from gates.contracts import Dataset, IntArray, PredictorAnswers, Samples, Values
from gates.geometry import cosine_to_rows
from gates.intervals import summarise
from schemas.records.evidence import Metric
from schemas.records.metrics import DATA, LEAKED, RECITED

if TYPE_CHECKING:
    import torch

    from gates.leaks import Leaks

BY_HEART = 0.999
"""Cosine from which an answer is the target itself: an encoder does not give other words the same row."""

ALONE = "no article lies outside the split, so nothing can leak"


@dataclass(frozen=True, eq=False)
class Leaked:
    """``leaked`` (m,): whether an article outside the split holds the target too.

    ``row``, ``cosine`` and ``centred`` (m,): the nearest such row (:class:`gates.leaks.Leaks`), and
    ``compared`` (m,): how many rows there are outside. ``recited`` (m,): whether the answer is the target.

    Attributes:
        dataset: whose splits say what lies outside.
        device: where the product of targets and bank is made.
    """

    dataset: Dataset
    device: "torch.device"
    name: str = DATA
    _leaks: dict[bytes, "Leaks"] = field(default_factory=dict, init=False, repr=False)

    def measure(self, answers: PredictorAnswers) -> Samples:
        """Search the bank for the targets, once for all predictors, and compare the answers with them."""
        found = self._leaks_of(answers)
        targets = answers.target_rows
        return Samples(
            index=np.arange(len(targets)),
            articles=answers.bank.articles[targets],
            arrays={
                "leaked": found.leaked,
                "row": found.rows,
                "cosine": found.cosines,
                "centred": found.centred,
                "compared": np.full(len(targets), found.compared),
                "recited": cosine_to_rows(answers.base, answers.bank, targets) >= BY_HEART,
            },
        )

    def _leaks_of(self, answers: PredictorAnswers) -> "Leaks":
        # Only here: recorded figures are scored again by programs that must start without torch.
        from gates.leaks import find_leaks

        key = answers.target_rows.tobytes()
        if key not in self._leaks:
            inside = split_articles(self.dataset, answers.last_rows)
            self._leaks[key] = find_leaks(answers.bank, answers.target_rows, inside, device=self.device)
        return self._leaks[key]

    def values(self, samples: Samples) -> dict[str, Values]:
        """As :func:`leaked_values`."""
        return leaked_values(samples)

    def score(self, samples: Samples, confidence: float) -> dict[str, Metric]:
        """Both shares."""
        return summarise(self.values(samples), confidence)


def split_articles(dataset: Dataset, last_rows: IntArray) -> IntArray:
    """The articles of the split that some windows were drawn from; their own where no split has them."""
    found = np.unique(dataset.bank.articles[last_rows])
    for split in dataset.splits.values():
        theirs = np.unique(dataset.bank.articles[split.last_rows])
        if np.isin(theirs, found).any():
            found = np.union1d(found, theirs)
    return found


def leaked_values(samples: Samples) -> dict[str, Values]:
    """The shares of targets that leak, and of answers that recite."""
    known = samples.arrays["compared"] > 0
    return {
        LEAKED: Values("share", samples.arrays["leaked"][known], samples.articles[known], ALONE),
        **recited_values(samples),
    }


def recited_values(samples: Samples) -> dict[str, Values]:
    """What of it is the predictor's, so that two of them can be compared."""
    return {RECITED: Values("share", samples.arrays["recited"], samples.articles)}
