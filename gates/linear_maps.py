"""Linear maps of the flattened context, one a fold; an article is answered by the fold that never saw it."""

from dataclasses import dataclass

import torch

from gates.contracts import IntArray, Queries
from schemas.records.answers import Format

_CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class LinearMaps:
    """Answers ``context.flatten() @ weight + bias``.

    Attributes:
        weights: (K, L * D, D). biases: (K, D).
        fold_of_row: (N,) fold of each bank row's article; all zero where one serves all.
    """

    weights: torch.Tensor
    biases: torch.Tensor
    fold_of_row: IntArray
    name: str
    device: torch.device = _CPU
    weight_format: Format | None = None

    @property
    def reads_targets(self) -> bool:
        """Whether the target's article says who answers."""
        return len(self.biases) > 1

    def predict(self, queries: Queries) -> torch.Tensor:
        """(B, D) with the fold's weights; an answer of zero has no direction, the last chunk stands in."""
        flat = queries.contexts.flatten(1)
        if len(self.biases) == 1:
            return or_last(flat @ self.weights[0] + self.biases[0], queries)
        fold = answering_fold(self.fold_of_row, len(self.biases), queries)
        answer = flat.new_empty(len(flat), self.biases.shape[1])
        for number in torch.unique(fold).tolist():
            chosen = fold == number
            answer[chosen] = flat[chosen] @ self.weights[number] + self.biases[number]
        return or_last(answer, queries)


def answering_fold(fold_of_row: IntArray, folds: int, queries: Queries) -> torch.Tensor:
    """(B,) who answers each query: the fold of its target's article, or the only one there is."""
    if folds == 1:
        return torch.zeros(len(queries.target_rows), dtype=torch.int64)
    return torch.from_numpy(fold_of_row[queries.target_rows])


def or_last(answer: torch.Tensor, queries: Queries) -> torch.Tensor:
    """The answers (B, D), with the last chunk of the context in place of zeros."""
    none = ~answer.any(dim=1)
    if not none.any():
        return answer
    return torch.where(none[:, None], queries.contexts[:, -1], answer)
