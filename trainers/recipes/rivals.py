"""Whom a target is told from while a model trains: the rows of its article that could have been it, and more.

The rivals of the metric are the rows of the target's article that can be a target, without the context
(:mod:`gates.pools`). The rows of the context and the targets that other windows of the step have in other
articles may join them, with a weight each: a rival of weight w counts as w of its kind would. A row that says
the same as the target, by its vector or its text, is no rival here; the metric leaves none out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from gates.contracts import BoolArray, Dataset, IntArray
from gates.seeded import hash_rows
from gates.windows import context_rows, fits
from trainers.loop.batches import Batch

ALIKE = 0.95
"""A row whose cosine to the target is larger says the same."""

MOST = 1024
"""At most so many rows of an article are rivals in a step, drawn anew for each epoch."""


@dataclass(frozen=True)
class Weights:
    """What a rival weighs beside one of the target's own article.

    Attributes:
        context: a row that the window has read. others: a target of another article in the same step.
    """

    context: float
    others: float


@dataclass(frozen=True, eq=False)
class Rivals:
    """The rivals of some windows.

    Attributes:
        rows: (U,) ascending bank rows, each a rival or the target of at least one window.
        target: (B,) the place of each window's target among them.
        weight: (B, U) float32; 1 at the target, 0 where a row is no rival.
        own: (B, U) whether a row is a rival of the window's own article that it has not read.
    """

    rows: IntArray
    target: torch.Tensor
    weight: torch.Tensor
    own: torch.Tensor


class RivalSearch:
    """Finds the rivals of any windows of a data set.

    Args:
        dataset: with its bank.
        split: whose articles are searched; of others nothing is read.
        seed: of the draw where an article has too many.
    """

    def __init__(self, dataset: Dataset, split: str, *, seed: int) -> None:
        self.bank, self.window, self.seed = dataset.bank, dataset.window, seed
        every = np.arange(dataset.bank.rows)
        before = dataset.window.context + dataset.window.horizon - 1
        self.can_be_target: BoolArray = fits(dataset.bank, every, before=before, after=0)
        articles = np.unique(dataset.bank.article_first[dataset.splits[split].last_rows])
        self.text = _same_text(dataset.bank.texts, np.isin(dataset.bank.article_first, articles))

    def find(self, batch: Batch, vectors: torch.Tensor, weights: Weights, *, epoch: int) -> Rivals:
        """The rivals of a batch's windows.

        Args:
            batch: of windows of the split; targets of ``batch.whole`` are the others.
            vectors: (N, D) rows of the bank.
            weights: of the rows that join.
            epoch: being trained, from 1.
        """
        last, whole = batch.last_rows.cpu().numpy(), batch.whole.cpu().numpy()
        targets = last + self.window.horizon
        rows = self._rows(last, whole, weights, epoch)
        place = np.searchsorted(rows, targets)
        article_of, first = self.bank.article_first[rows], self.bank.article_first[last]
        same = article_of == first[:, None]
        read = (rows <= last[:, None]) & (rows > last[:, None] - self.window.context)
        alike = self._alike(batch.targets, vectors, rows) | (self.text[rows] == self.text[targets][:, None])
        alike[np.arange(len(last)), place] = False
        own = same & self.can_be_target[rows] & ~read & ~alike
        weight = own.astype(np.float32)
        weight[read & ~alike] = weights.context
        asked = np.isin(rows, whole + self.window.horizon)
        weight[~same & asked & ~alike] = weights.others
        own[np.arange(len(last)), place] = False
        device = batch.targets.device
        return Rivals(rows, *(torch.from_numpy(each).to(device) for each in (place, weight, own)))

    def _rows(self, last: IntArray, whole: IntArray, weights: Weights, epoch: int) -> IntArray:
        """Everything that is a rival or a target of some window, and a few rows that are none."""
        found = [last + self.window.horizon]
        for first in np.unique(self.bank.article_first[last]):
            rows = first + np.flatnonzero(self.can_be_target[first : self.bank.article_last[first] + 1])
            if len(rows) > MOST:
                hashes = hash_rows(rows, seed=self.seed, stream=f"rivals {epoch}")
                rows = rows[np.argsort(hashes, kind="stable")[:MOST]]
            found.append(rows)
        if weights.context > 0.0:
            found.append(context_rows(last, self.window.context).ravel())
        if weights.others > 0.0:
            found.append(whole + self.window.horizon)
        return np.unique(np.concatenate(found))

    @staticmethod
    def _alike(targets: torch.Tensor, vectors: torch.Tensor, rows: IntArray) -> BoolArray:
        """(B, U) whether a row's vector says the same as a target's."""
        candidates = vectors[torch.from_numpy(rows).to(vectors.device)].to(targets.device)
        found: BoolArray = (targets @ candidates.T > ALIKE).cpu().numpy()
        return found


def _same_text(texts: Sequence[str] | None, wanted: BoolArray) -> IntArray:
    """(N,) the same number for rows of the same text, below 0 and different where it is not known."""
    numbers = -1 - np.arange(len(wanted))
    if texts is not None:
        first: dict[str, int] = {}
        for row in np.flatnonzero(wanted).tolist():
            numbers[row] = first.setdefault(texts[row], row)
    return numbers
