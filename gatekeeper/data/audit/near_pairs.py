"""Chunks of different articles that are nearly the same, without comparing all with all.

A small bank is compared whole. A large one is divided into lists around centroids, and each chunk is compared
with the chunks of its nearest lists only: two chunks that are nearly the same have nearly the same centroids.
"""

import math
from collections.abc import Iterator

import numpy as np
import torch

from gates.contracts import Bank, DoubleArray, FloatArray, IntArray
from gates.near_rows import NearRows, near_rows
from gates.seeded import hash_rows

WORK = 1e12
"""Multiplications and additions that comparing all with all may cost, some 10 s on two cores."""

PROBES = 6
"""Lists that a chunk is compared with. Of pairs at a cosine of exactly 0.98 these find all in isotropic
vectors of 64 and 384 dimensions, the hardest cases tried, where 4 find 99.8 %."""

Pairs = tuple[IntArray, IntArray, DoubleArray]

_BANK_ROWS = 4_096
_QUERIES = 16_384
_SEARCHED = 65_536
_TRAINED_ON = 40  # rows a list
_ROUNDS = 5


def lists_for(bank: Bank, work: float) -> int | None:
    """How many lists a bank is divided into; None where all are compared with all."""
    if 2.0 * bank.rows**2 * bank.dimension <= work:
        return None
    # Where finding the nearest lists costs as much as comparing with what is in them.
    return max(PROBES, math.isqrt(PROBES * bank.rows))


def near_pairs(bank: Bank, lists: int | None, *, near: float, seed: int) -> Iterator[Pairs]:
    """Rows of different articles whose cosine is at least ``near``, as far as float32 can tell.

    Args:
        bank: the bank.
        lists: as :func:`lists_for` says.
        near: the limit.
        seed: of the rows that the centroids are trained on.

    Yields:
        (n,) rows, (n,) others and (n,) cosines. Without lists each pair comes twice, once from each side;
        with lists at least once.
    """
    found = _exhaustive(bank, near) if lists is None else _by_lists(bank, lists, near, seed)
    for rows, others, cosines in found:
        foreign = bank.articles[rows] != bank.articles[others]
        yield rows[foreign], others[foreign], np.minimum(cosines[foreign], 1.0)


def _exhaustive(bank: Bank, near: float) -> Iterator[Pairs]:
    for start in range(0, bank.rows, _BANK_ROWS):
        others = np.arange(start, min(start + _BANK_ROWS, bank.rows))
        for begin in range(0, bank.rows, _QUERIES):
            rows = np.arange(begin, min(begin + _QUERIES, bank.rows))
            found = _compared(bank, rows, others, near)
            yield rows[found.queries], others[found.rows], found.cosines.astype(np.float64)


def _compared(bank: Bank, rows: IntArray, others: IntArray, near: float) -> NearRows:
    return near_rows(torch.from_numpy(bank.vectors[rows]), torch.from_numpy(bank.vectors[others]), near)


def _by_lists(bank: Bank, lists: int, near: float, seed: int) -> Iterator[Pairs]:
    nearest = _nearest_lists(bank, lists, seed)
    members, member_ends = _grouped(nearest[:, 0], lists)
    probing, probing_ends = _grouped(nearest.reshape(-1), lists)
    probing //= nearest.shape[1]
    for number in range(lists):
        inside = members[member_ends[number] : member_ends[number + 1]]
        asking = probing[probing_ends[number] : probing_ends[number + 1]]
        for begin in range(0, len(asking), _QUERIES):
            part = asking[begin : begin + _QUERIES]
            found = _compared(bank, part, inside, near)
            yield part[found.queries], inside[found.rows], found.cosines.astype(np.float64)


def _nearest_lists(bank: Bank, lists: int, seed: int) -> IntArray:
    """(N, PROBES) lists of each row, nearest first."""
    # faiss is imported only here: it and torch can clash over OpenMP on macOS.
    import faiss

    order = np.argsort(hash_rows(np.arange(bank.rows), seed=seed, stream="lists"), kind="stable")
    sample = np.sort(order[: _TRAINED_ON * lists])
    means = faiss.Kmeans(
        bank.dimension,
        lists,
        niter=_ROUNDS,
        seed=1 + seed % 2**30,
        spherical=True,
        max_points_per_centroid=_TRAINED_ON,
        min_points_per_centroid=1,
    )
    means.train(np.ascontiguousarray(bank.vectors[sample]))
    index = faiss.IndexFlatIP(bank.dimension)
    index.add(np.asarray(means.centroids))
    nearest = np.empty((bank.rows, PROBES), dtype=np.int64)
    for start in range(0, bank.rows, _SEARCHED):
        block: FloatArray = np.ascontiguousarray(bank.vectors[start : start + _SEARCHED])
        nearest[start : start + len(block)] = index.search(block, PROBES)[1]
    return nearest


def _grouped(labels: IntArray, count: int) -> tuple[IntArray, IntArray]:
    """Places ordered by their label, and the ends: label k has ``ends[k]`` to ``ends[k + 1]``."""
    order = np.argsort(labels, kind="stable")
    return order, np.searchsorted(labels[order], np.arange(count + 1))
