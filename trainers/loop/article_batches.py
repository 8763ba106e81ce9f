"""Batches made of articles: several windows each of a few articles, so that rivals are at hand."""

from collections.abc import Sequence

import numpy as np
import torch

from gates.contracts import Dataset, IntArray
from gates.seeded import hash_rows
from trainers.loop.batches import Features, WindowBatches


class ArticleBatches(WindowBatches):
    """Of every article some windows an epoch, in pieces; a step takes several, mostly of different articles.

    Which windows of an article, their order and that of all pieces come from hashes of seed, epoch and row:
    every epoch has its own, and nothing has to be remembered to continue in the middle.

    Args:
        dataset: as of :class:`trainers.loop.batches.WindowBatches`.
        split: likewise.
        device: likewise.
        seed: likewise.
        features: likewise.
        per_article: at most so many windows of an article an epoch, so that a long one does not decide.
        together: at most so many windows a piece.
    """

    def __init__(
        self,
        dataset: Dataset,
        split: str,
        *,
        device: torch.device,
        seed: int,
        features: Features | None,
        per_article: int,
        together: int,
    ) -> None:
        super().__init__(dataset, split, device=device, seed=seed, features=features)
        self.per_article, self.together = per_article, together
        self.article_of = dataset.bank.article_first[self.last_rows]

    def most_steps(self, size: int) -> int:
        """Steps of any epoch."""
        return self.steps(size)

    def steps(self, size: int) -> int:
        """Steps of an epoch, as many in each."""
        _, windows = np.unique(self.article_of, return_counts=True)
        pieces = int((-(-np.minimum(windows, self.per_article) // self.together)).sum())
        return -(-pieces // self._pieces_a_step(size))

    def cut(self, epoch: int, size: int) -> Sequence[IntArray]:
        """The last rows of each step of an epoch, piece after piece."""
        self.epoch = epoch
        pieces, count = self._pieces(epoch), self._pieces_a_step(size)
        return [np.concatenate(pieces[start : start + count]) for start in range(0, len(pieces), count)]

    def _pieces_a_step(self, size: int) -> int:
        return max(1, size // self.together)

    def _pieces(self, epoch: int) -> list[IntArray]:
        """The pieces of an epoch in their order."""
        hashes = hash_rows(self.last_rows, seed=self.seed, stream=f"epoch {epoch}")
        order = np.lexsort((hashes, self.article_of))
        _, first, windows = np.unique(self.article_of[order], return_index=True, return_counts=True)
        place = np.arange(len(order)) - np.repeat(first, windows)
        kept = place < self.per_article
        rows, place = self.last_rows[order[kept]], place[kept]
        starts = np.flatnonzero(place % self.together == 0)
        shuffled = np.argsort(
            hash_rows(rows[starts], seed=self.seed, stream=f"pieces {epoch}"), kind="stable"
        )
        pieces = np.split(rows, starts[1:])
        return [pieces[number] for number in shuffled]
