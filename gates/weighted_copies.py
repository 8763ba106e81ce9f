"""Weighted copies: the centred rows of the context, each with its weight, and nothing else."""

from dataclasses import dataclass

import torch

from gates.contracts import IntArray, Queries
from gates.linear_maps import answering_fold, or_last
from schemas.records.answers import Format

_CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class WeightedCopy:
    """Answers ``sum_j weights[j] * (context[j] - centre)``; an article by the fold that never saw it.

    A context that cancels to exactly zero has no direction; its last chunk stands in.

    Attributes:
        weights: (K, L). centres: (K, D).
        fold_of_row: (N,) fold of each bank row's article; all zero where one serves all.
    """

    weights: torch.Tensor
    centres: torch.Tensor
    fold_of_row: IntArray
    name: str
    device: torch.device = _CPU
    weight_format: Format | None = None

    @property
    def reads_targets(self) -> bool:
        """Whether the target's article says who answers."""
        return len(self.weights) > 1

    def predict(self, queries: Queries) -> torch.Tensor:
        """(B, D)."""
        fold = answering_fold(self.fold_of_row, len(self.weights), queries)
        weights, centres = self.weights[fold], self.centres[fold]
        answer = torch.zeros_like(centres)
        for place in range(queries.contexts.shape[1]):
            answer.addcmul_(weights[:, place, None], queries.contexts[:, place] - centres)
        return or_last(answer, queries)
