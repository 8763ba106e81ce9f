"""How alike chunks are, by their distance within an article."""

from dataclasses import dataclass

import numpy as np

from gates.contracts import Bank, DoubleArray, IntArray
from gates.geometry import cosine_to_rows
from gates.intervals import mean_metric
from gates.seeded import hash_rows
from schemas.records.evidence import Metric

_BLOCK = 65_536


@dataclass(frozen=True)
class Similarity:
    """Mean cosine of two chunks of an article that lie ``distance`` places apart."""

    distance: int
    metric: Metric


def similarity_by_distance(
    bank: Bank, distances: tuple[int, ...], *, confidence: float, most: int, seed: int
) -> tuple[Similarity, ...]:
    """Mean cosine at each distance, over at most ``most`` seeded pairs, clustered by article.

    The cosine of a pair is the same read forward and backward: at equal distance raw similarity has
    no direction.
    """
    rows = np.arange(bank.rows, dtype=np.int64)
    found = []
    for distance in distances:
        first = rows[rows + distance <= bank.run_last]
        if len(first) > most:
            keep = np.argsort(hash_rows(first, seed=seed, stream="similarity"), kind="stable")[:most]
            first = np.sort(first[keep])
        cosines = pair_cosines(bank, first, first + distance)
        found.append(Similarity(distance, mean_metric(cosines, bank.articles[first], confidence)))
    return tuple(found)


def pair_cosines(bank: Bank, first: IntArray, second: IntArray) -> DoubleArray:
    """Cosines (m,) of bank rows with bank rows, in blocks."""
    cosines = np.empty(len(first), dtype=np.float64)
    for start in range(0, len(first), _BLOCK):
        part = slice(start, start + _BLOCK)
        cosines[part] = cosine_to_rows(bank.vectors[first[part]], bank, second[part])
    return cosines
