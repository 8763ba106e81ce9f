"""Exact ranks of targets, whatever library does the bulk of the work.

A float32 matrix product rounds, and two libraries round differently, so ranks read off it depend
on the library and flip between duplicates. Here the bulk product only sorts candidates into clearly
better, clearly worse and close; the close ones, a handful per query, are scored again in float64.
The target's own score is that same float64 product, so exact duplicates tie exactly.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from gates.bank_search import search_bank
from gates.bits import PoolScores
from gates.contracts import Bank, DoubleArray, FloatArray, IntArray
from gates.options import Backend
from gates.pools import ArticlePool

TIE = 1e-12
"""Float64 scores closer than this are equal: the rounding of a float64 product of unit rows."""

_PAIRS = 256  # gathered at once: they fit a processor's cache


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
    found = list(search_bank(predictions, bank, target_scores, backend=backend, device=device))
    better = sum((each.better for each in found), np.zeros(len(target_rows), dtype=np.int64))
    queries = np.concatenate([each.queries for each in found])
    rows = np.concatenate([each.rows for each in found])
    foreign = rows != target_rows[queries]
    return _decide(predictions, bank, target_scores, queries[foreign], rows[foreign], better)


def context_rivals(predictions: FloatArray, bank: Bank, target_rows: IntArray, contexts: IntArray) -> Rivals:
    """Rivals among each window's own context rows (m, L)."""
    target_scores = pair_scores(predictions, bank.vectors, np.arange(len(target_rows)), target_rows)
    queries = np.repeat(np.arange(len(target_rows)), contexts.shape[1])
    none = np.zeros(len(target_rows), dtype=np.int64)
    return _decide(predictions, bank, target_scores, queries, contexts.reshape(-1), none)


@dataclass(frozen=True, eq=False)
class ArticleScores:
    """The windows whose targets lie in one article, against all of its rows.

    Attributes:
        windows: (m,) ascending places of the windows among those that were asked for.
        first: bank row of the article's first chunk.
        scores: (m, size) float64 inner products with each row of the article.
        own: (m,) the column of each window's target.
    """

    windows: IntArray
    first: int
    scores: DoubleArray
    own: IntArray

    @property
    def lead(self) -> DoubleArray:
        """(m, size) of each row over the target."""
        found: DoubleArray = self.scores - self.scores[np.arange(len(self.own)), self.own][:, None]
        return found

    def among(self, pool: ArticlePool) -> PoolScores:
        """The scores of a pool's rows only; the pool is of the same windows."""
        columns = pool.rows - self.first
        if columns[-1] - columns[0] < len(columns):  # side by side: nothing is copied
            return PoolScores(pool, self.scores[:, columns[0] : columns[-1] + 1])
        return PoolScores(pool, self.scores[:, columns])


def article_scores(predictions: FloatArray, bank: Bank, target_rows: IntArray) -> Iterator[ArticleScores]:
    """Every target's article, in float64 throughout, in the order of the bank; a product an article.

    Args:
        predictions: (m, D) unit rows.
        bank: the candidates.
        target_rows: (m,).
    """
    first_rows = bank.article_first[target_rows]
    order = np.argsort(first_rows, kind="stable")
    starts = np.flatnonzero(np.diff(first_rows[order], prepend=-1))
    for members in np.split(order, starts[1:]):
        if len(members) == 0:
            continue
        first = int(first_rows[members[0]])
        rows = bank.vectors[first : int(bank.article_last[first]) + 1].astype(np.float64)
        scores = predictions[members].astype(np.float64) @ rows.T
        yield ArticleScores(members, first, scores, target_rows[members] - first)


def article_rivals(scored: Iterable[ArticleScores], count: int) -> Rivals:
    """Rivals among the rows of the target's article, of ``count`` targets."""
    better = np.zeros(count, dtype=np.int64)
    equal = np.zeros(count, dtype=np.int64)
    for each in scored:
        lead = each.lead
        better[each.windows] = (lead > TIE).sum(axis=1)
        equal[each.windows] = (np.abs(lead) <= TIE).sum(axis=1) - 1  # less the target itself
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
