"""Exact ranks of targets, whatever library does the bulk of the work.

A float32 matrix product rounds, and two libraries round differently, so ranks read off it depend
on the library and flip between duplicates. Here the bulk product only sorts candidates into clearly
better, clearly worse and close; the close ones, a handful per query, are scored again in float64.
The target's own score is that same float64 product, so exact duplicates tie exactly.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from gates.contracts import Bank, DoubleArray, FloatArray, IntArray

Backend = Literal["faiss", "torch"]

TIE = 1e-12
"""Float64 scores closer than this are equal: the rounding of a float64 product of unit rows."""

_QUERIES = 512
_BANK_ROWS = 65_536
_PAIRS = 65_536


def close_within(dimension: int) -> float:
    """Bulk scores within this of the target's are scored again.

    A float32 sum of D products of unit rows is off by at most ``(D + 1) 2**-24`` in any order of
    summation; the target's score enters as one more term of at most 1, which doubles the bound.
    Twice (D + 4) leaves room for rounding the target's score and the rows' own norms.
    """
    return 2.0 * (dimension + 4) * 2.0**-24


@dataclass(frozen=True, eq=False)
class Rivals:
    """How many candidates beat and how many equal the target, per query; both (m,)."""

    better: IntArray
    equal: IntArray

    def without(self, other: "Rivals") -> "Rivals":
        """Counts after leaving the other's candidates out of the pool."""
        return Rivals(self.better - other.better, self.equal - other.equal)

    @property
    def pessimistic(self) -> IntArray:
        """Rank from 1 with ties counted against the model."""
        return 1 + self.better + self.equal

    @property
    def optimistic(self) -> IntArray:
        """Rank from 1 with ties counted for the model."""
        return 1 + self.better


def bank_rivals(
    predictions: FloatArray, bank: Bank, target_rows: IntArray, *, backend: Backend, device: torch.device
) -> Rivals:
    """Rivals among all bank rows except the target's own.

    Args:
        predictions: (m, D) unit rows.
        bank: the candidates.
        target_rows: (m,).
        backend: which library makes the bulk product; the counts are the same.
        device: where torch makes it.
    """
    target_scores = pair_scores(predictions, bank.vectors, np.arange(len(target_rows)), target_rows)
    better = np.zeros(len(target_rows), dtype=np.int64)
    pairs: list[tuple[IntArray, IntArray]] = []
    sort = _sort_by_faiss if backend == "faiss" else _sort_by_torch
    for query, row, count in sort(predictions, bank, target_scores, device):
        better += count
        pairs.append((query, row))
    queries = np.concatenate([query for query, _ in pairs])
    rows = np.concatenate([row for _, row in pairs])
    foreign = rows != target_rows[queries]
    return _decide(predictions, bank, target_scores, queries[foreign], rows[foreign], better)


def context_rivals(predictions: FloatArray, bank: Bank, target_rows: IntArray, contexts: IntArray) -> Rivals:
    """Rivals among each window's own context rows (m, L)."""
    target_scores = pair_scores(predictions, bank.vectors, np.arange(len(target_rows)), target_rows)
    queries = np.repeat(np.arange(len(target_rows)), contexts.shape[1])
    none = np.zeros(len(target_rows), dtype=np.int64)
    return _decide(predictions, bank, target_scores, queries, contexts.reshape(-1), none)


def article_rivals(predictions: FloatArray, bank: Bank, target_rows: IntArray) -> Rivals:
    """Rivals among the rows of the target's article, in float64 throughout; a loop over articles."""
    better = np.zeros(len(target_rows), dtype=np.int64)
    equal = np.zeros(len(target_rows), dtype=np.int64)
    first_rows = bank.article_first[target_rows]
    order = np.argsort(first_rows, kind="stable")
    starts = np.flatnonzero(np.diff(first_rows[order], prepend=-1))
    for members in np.split(order, starts[1:]):
        if len(members) == 0:
            continue
        first = int(first_rows[members[0]])
        rows = bank.vectors[first : int(bank.article_last[first]) + 1].astype(np.float64)
        scores = predictions[members].astype(np.float64) @ rows.T
        own = target_rows[members] - first
        lead = scores - scores[np.arange(len(members)), own][:, None]
        better[members] = (lead > TIE).sum(axis=1)
        equal[members] = (np.abs(lead) <= TIE).sum(axis=1) - 1  # less the target itself
    return Rivals(better, equal)


def pair_scores(
    predictions: FloatArray, vectors: FloatArray, queries: IntArray, rows: IntArray
) -> DoubleArray:
    """Inner products in float64 of ``predictions[queries]`` with ``vectors[rows]``, in blocks."""
    scores = np.empty(len(queries), dtype=np.float64)
    for start in range(0, len(queries), _PAIRS):
        part = slice(start, start + _PAIRS)
        scores[part] = np.einsum(
            "nd,nd->n", predictions[queries[part]].astype(np.float64), vectors[rows[part]].astype(np.float64)
        )
    return scores


def _decide(
    predictions: FloatArray,
    bank: Bank,
    target_scores: DoubleArray,
    queries: IntArray,
    rows: IntArray,
    better: IntArray,
) -> Rivals:
    """Add the float64 outcome of the (query, row) pairs to the counts of clearly better rows."""
    lead = pair_scores(predictions, bank.vectors, queries, rows) - target_scores[queries]
    size = len(target_scores)
    return Rivals(
        better + np.bincount(queries[lead > TIE], minlength=size),
        np.bincount(queries[np.abs(lead) <= TIE], minlength=size),
    )


_Sorted = tuple[IntArray, IntArray, IntArray]
"""Close pairs (query, row) and, per query, how many rows are clearly better."""


def _sort_by_torch(
    predictions: FloatArray, bank: Bank, target_scores: DoubleArray, device: torch.device
) -> Iterator[_Sorted]:
    close = close_within(bank.dimension)
    queries = torch.from_numpy(predictions).to(device)
    targets = torch.from_numpy(target_scores.astype(np.float32)).to(device)
    for row_start in range(0, bank.rows, _BANK_ROWS):
        rows = torch.from_numpy(bank.vectors[row_start : row_start + _BANK_ROWS]).to(device)
        better = np.zeros(len(target_scores), dtype=np.int64)
        found: list[tuple[IntArray, IntArray]] = []
        for start in range(0, len(queries), _QUERIES):
            part = slice(start, start + _QUERIES)
            lead = queries[part] @ rows.T
            lead -= targets[part, None]
            better[part] = (lead > close).sum(dim=1).cpu().numpy()
            query, row = torch.nonzero(lead.abs_() <= close, as_tuple=True)
            found.append((query.cpu().numpy() + start, row.cpu().numpy() + row_start))
        yield np.concatenate([q for q, _ in found]), np.concatenate([r for _, r in found]), better


def _sort_by_faiss(
    predictions: FloatArray, bank: Bank, target_scores: DoubleArray, device: torch.device
) -> Iterator[_Sorted]:
    # faiss is imported only here: it and torch can clash over OpenMP on macOS. The device is
    # torch's; faiss-cpu has none.
    import faiss

    # range_search takes one radius for all queries. An extra coordinate, -target score in the
    # query and 1 in the row, turns the product into the lead over the target, so one radius fits.
    # One block of rows is indexed at a time, so that the bank is never copied as a whole.
    close = close_within(bank.dimension)
    shifted = np.hstack([predictions, -target_scores.astype(np.float32)[:, None]])
    for row_start in range(0, bank.rows, _BANK_ROWS):
        block = bank.vectors[row_start : row_start + _BANK_ROWS]
        index = faiss.IndexFlatIP(bank.dimension + 1)
        index.add(np.hstack([block, np.ones((len(block), 1), dtype=np.float32)]))
        for start in range(0, len(shifted), _QUERIES):
            limits, lead, row = index.range_search(shifted[start : start + _QUERIES], -close)
            query = np.repeat(np.arange(len(limits) - 1), np.diff(limits).astype(np.int64)) + start
            clear = lead > close
            better = np.bincount(query[clear], minlength=len(target_scores))
            yield query[~clear], row[~clear].astype(np.int64) + row_start, better
