"""From which cosine on two chunks are suspiciously near, in this very data."""

from dataclasses import dataclass

import numpy as np
import torch

from gates.contracts import Bank, DoubleArray, IntArray
from gates.leaks import LIMIT
from gates.seeded import hash_rows

_SAMPLE = 256
_ROWS = 4_096

FAR_OUT = 7.0
"""So many times the distance from the median to the upper quartile below the median: for a normal
distribution Tukey's outer fence, the lower quartile less three interquartile ranges."""

_LARGEST = 1 - 1e-5  # equal rows count, whatever the distribution; a float32 product may miss 1 by less


@dataclass(frozen=True)
class NearLimit:
    """The limit and what it goes by.

    Attributes:
        cosine: from which two chunks count as the same text.
        usual: median cosine of a chunk with the nearest of another article; None where there is no other.
    """

    cosine: float
    usual: float | None

    @property
    def raised(self) -> bool:
        """Whether the data's own distribution decides, because its chunks are near each other anyway."""
        return self.cosine > LIMIT


def near_limit(bank: Bank, *, seed: int) -> NearLimit:
    """:data:`gates.leaks.LIMIT`, or more where that is nothing unusual.

    Of a seeded sample of chunks the distance ``d = 1 - cosine`` to the nearest chunk of another article is
    taken. ``log d`` of chunks that are no copies scatters about its median m, and its upper quartile q says
    how widely, whatever up to half of the chunks have for copies: below ``m - 7 (q - m)`` lies a copy.

    Args:
        bank: the bank.
        seed: of the sample.
    """
    order = np.argsort(hash_rows(np.arange(bank.rows), seed=seed, stream="near"), kind="stable")
    nearest = _nearest(bank, np.sort(order[:_SAMPLE]))
    if not len(nearest):
        return NearLimit(LIMIT, None)
    distances = np.log(np.maximum(1.0 - nearest, 1.0 - _LARGEST))
    middle, upper = np.quantile(distances, [0.5, 0.75])
    suspicious = 1.0 - float(np.exp(middle - FAR_OUT * (upper - middle)))
    return NearLimit(min(max(LIMIT, suspicious), _LARGEST), float(np.median(nearest)))


def _nearest(bank: Bank, rows: IntArray) -> DoubleArray:
    """Cosine of each row with the nearest of another article; nothing of those that have no other."""
    queries = torch.from_numpy(bank.vectors[rows])
    articles = bank.articles[rows]
    found = np.full(len(rows), -np.inf)
    for start in range(0, bank.rows, _ROWS):
        cosines = (queries @ torch.from_numpy(np.array(bank.vectors[start : start + _ROWS])).T).numpy()
        cosines[articles[:, None] == bank.articles[None, start : start + _ROWS]] = -np.inf
        np.maximum(found, cosines.max(axis=1), out=found)
    nearest: DoubleArray = np.minimum(found[np.isfinite(found)], 1.0)
    return nearest
