"""Linear maps of the flattened context, one a fold; an article is answered by the fold that never saw it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch

from gates.contracts import IntArray, Queries
from schemas.records.answers import Format

MOST_KEPT = 2**28
"""Bytes of products that are kept; what is beyond them is made again."""

_CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class Products:
    """``context.flatten() @ weight``, of which several controls are made.

    Attributes:
        weights: (K, L * D, D).
        fold_of_row: (N,) fold of each bank row's article; all zero where one serves all.
    """

    weights: torch.Tensor
    fold_of_row: IntArray
    _kept: dict[bytes, torch.Tensor] = field(default_factory=dict, init=False, repr=False)
    _keeping: list[bool] = field(default_factory=list, init=False, repr=False)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Within it, whoever asks for the same rows after somebody else finds their product made."""
        self._keeping.append(True)
        try:
            yield
        finally:
            self._keeping.pop()
            self._kept.clear()

    def folds(self, queries: Queries) -> torch.Tensor:
        """(B,) who answers each query."""
        return answering_fold(self.fold_of_row, len(self.weights), queries)

    def of(self, queries: Queries) -> torch.Tensor:
        """(B, D), which nobody may write into: others are given the same."""
        if not self._keeping or queries.context_rows is None:
            return self._make(queries)
        key = queries.context_rows.tobytes() + queries.target_rows.tobytes()
        if key in self._kept:
            return self._kept[key]
        made = self._make(queries)
        if (len(self._kept) + 1) * made.nbytes <= MOST_KEPT:  # batches are of one size, or one less
            self._kept[key] = made
        return made

    def _make(self, queries: Queries) -> torch.Tensor:
        return by_fold(queries.contexts.flatten(1), self.weights, self.folds(queries))


@dataclass(frozen=True, eq=False)
class LinearMaps:
    """Answers ``context.flatten() @ weight + bias``.

    Attributes:
        products: with the weights.
        biases: (K, D).
    """

    products: Products
    biases: torch.Tensor
    name: str
    device: torch.device = _CPU
    weight_format: Format | None = None

    @property
    def reads_targets(self) -> bool:
        """Whether the target's article says who answers."""
        return len(self.biases) > 1

    def predict(self, queries: Queries) -> torch.Tensor:
        """(B, D) with the fold's weights; an answer of zero has no direction, the last chunk stands in."""
        return or_last(self.products.of(queries) + self.biases[self.products.folds(queries)], queries)


def answering_fold(fold_of_row: IntArray, folds: int, queries: Queries) -> torch.Tensor:
    """(B,) who answers each query: the fold of its target's article, or the only one there is."""
    if folds == 1:
        return torch.zeros(len(queries.target_rows), dtype=torch.int64)
    return torch.from_numpy(fold_of_row[queries.target_rows])


def by_fold(rows: torch.Tensor, weights: torch.Tensor, fold: torch.Tensor) -> torch.Tensor:
    """Each row (B, P) times the matrix (P, D) of its fold (B,), of weights (K, P, D)."""
    if len(weights) == 1:
        return rows @ weights[0]
    found = rows.new_empty(len(rows), weights.shape[2])
    for number in torch.unique(fold).tolist():
        chosen = fold == number
        found[chosen] = rows[chosen] @ weights[number]
    return found


def or_last(answer: torch.Tensor, queries: Queries) -> torch.Tensor:
    """The answers (B, D), with the last chunk of the context in place of zeros."""
    none = ~answer.any(dim=1)
    if not none.any():
        return answer
    return torch.where(none[:, None], queries.contexts[:, -1], answer)
