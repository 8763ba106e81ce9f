"""Targets that articles outside their split hold too: whoever has read those has seen the test.

A target leaks where a row of any such article lies within :data:`LIMIT` of it, raw and once the mean row of
the other side has been subtracted from both. Chunks that share a common direction are near each other
without saying the same; what is left without it tells them apart.
"""

from dataclasses import dataclass

import numpy as np
import torch

from gates.bank_search import close_within
from gates.contracts import Bank, BoolArray, DoubleArray, FloatArray, IntArray
from gates.near_rows import NearRows, near_rows

LIMIT = 0.98
"""Cosine from which two chunks are the same text, a few words apart."""

LEAST_WIDTH = 16
"""Narrower rows come as close by chance (of 10,000 directions in 8 dimensions, one in a hundred has one
within the limit): there only equal rows count."""

EQUAL = 1 - 1e-12
"""Cosine of equal rows in float64, but for its rounding."""

_ROWS = 4_096
_PAIRS = 1_024
_COARSE = 1e-4  # products in float32 that differ by less are alike, and the first row comes first


@dataclass(frozen=True, eq=False)
class Leaks:
    """What some targets have outside their split.

    Attributes:
        leaked: (m,) whether a row outside is the same.
        rows: (m,) the nearest such bank row, the first of equals; -1 where there is none.
        cosines: (m,) of target and row; -1 where there is none.
        centred: (m,) the same without the mean row of the other side.
        compared: rows that each target was compared with.
    """

    leaked: BoolArray
    rows: IntArray
    cosines: DoubleArray
    centred: DoubleArray
    compared: int


def limit_for(width: int) -> float:
    """The cosine from which rows of a width leak.

    Example:
        >>> limit_for(384), limit_for(8) < 1
        (0.98, True)
    """
    return LIMIT if width >= LEAST_WIDTH else EQUAL


def find_leaks(bank: Bank, targets: IntArray, inside: IntArray, *, device: torch.device) -> Leaks:
    """Compare every target with every row of the articles outside.

    A float32 product of centred rows finds the pairs, and float64 decides those it finds: cosine at least
    the limit, raw and centred. A target at the mean itself has no direction left and leaks nothing.

    Args:
        bank: the rows; read a block at a time, since it may be mapped.
        targets: (m,) bank rows.
        inside: the articles of their split.
        device: where the product is made.
    """
    outside = ~np.isin(bank.articles, inside)
    search = _Search(bank, targets, limit_for(bank.dimension), _mean(bank, outside))
    queries = torch.from_numpy(_directions(bank, targets, search.mean)).to(device)
    close = close_within(bank.dimension)
    for start in range(0, bank.rows, _ROWS):
        rows = start + np.flatnonzero(outside[start : start + _ROWS])
        if len(rows):
            block = torch.from_numpy(_directions(bank, rows, search.mean)).to(device)
            search.settle(near_rows(queries, block, search.limit - close), rows)
    return search.found(int(outside.sum()))


class _Search:
    """What is known of the targets so far; a block of rows at a time."""

    def __init__(self, bank: Bank, targets: IntArray, limit: float, mean: DoubleArray) -> None:
        self.bank, self.targets, self.limit, self.mean = bank, targets, limit, mean
        self._rows = np.full(len(targets), -1, dtype=np.int64)
        self._cosines, self._centred = np.full(len(targets), -1.0), np.full(len(targets), -1.0)

    def settle(self, near: NearRows, rows: IntArray) -> None:
        """Decide the pairs of a block: of each target the nearest, then the others until one leaks.

        Boilerplate that thousands of rows share costs one decision a block.
        """
        order = np.lexsort((near.rows, -np.round(near.cosines / _COARSE), near.queries))
        queries, others = near.queries[order], rows[near.rows[order]]
        starts = np.flatnonzero(np.diff(queries, prepend=-1))
        rank = np.arange(len(queries)) - np.repeat(starts, np.diff(np.append(starts, len(queries))))
        now, turn = rank == 0, 0
        while now.any():
            self._decide(queries[now], others[now])
            turn += 1
            now = (rank == turn) & (self._rows[queries] < 0)

    def found(self, compared: int) -> Leaks:
        """After the last block."""
        return Leaks(self._rows >= 0, self._rows, self._cosines, self._centred, compared)

    def _decide(self, queries: IntArray, others: IntArray) -> None:
        """One pair a query at most, in float64."""
        for start in range(0, len(queries), _PAIRS):
            query, other = queries[start : start + _PAIRS], others[start : start + _PAIRS]
            mine = self.bank.vectors[self.targets[query]].astype(np.float64)
            theirs = self.bank.vectors[other].astype(np.float64)
            raw, centred = _cosines(mine, theirs), _cosines(mine - self.mean, theirs - self.mean)
            same = (raw >= self.limit) & (centred >= self.limit)
            nearer = same & (raw > self._cosines[query] + (1.0 - EQUAL))
            kept = query[nearer]
            self._rows[kept] = other[nearer]
            self._cosines[kept], self._centred[kept] = raw[nearer], centred[nearer]


def _mean(bank: Bank, chosen: BoolArray) -> DoubleArray:
    total, count = np.zeros(bank.dimension), 0
    for start in range(0, bank.rows, _ROWS):
        part = chosen[start : start + _ROWS]
        total += bank.vectors[start : start + _ROWS][part].sum(axis=0, dtype=np.float64)
        count += int(part.sum())
    return total / max(count, 1)


def _directions(bank: Bank, rows: IntArray, mean: DoubleArray) -> FloatArray:
    """Unit rows (n, D) of bank rows less the mean; zero where nothing is left."""
    found = np.empty((len(rows), bank.dimension), dtype=np.float32)
    for start in range(0, len(rows), _ROWS):
        part = slice(start, start + _ROWS)
        centred = bank.vectors[rows[part]] - mean  # in float64, so that only the last step rounds
        lengths = np.sqrt(np.einsum("nd,nd->n", centred, centred))[:, None]
        found[part] = np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 0.0)
    return found


def _cosines(mine: DoubleArray, theirs: DoubleArray) -> DoubleArray:
    """(n,) of rows (n, D), 0 where one of them is 0."""
    products = np.einsum("nd,nd->n", mine, theirs)
    lengths = np.sqrt(np.einsum("nd,nd->n", mine, mine) * np.einsum("nd,nd->n", theirs, theirs))
    found: DoubleArray = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0.0)
    return found
