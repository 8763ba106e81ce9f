"""In which company windows are asked: batches that keep neighbours apart.

The chunk that a window must predict lies in the contexts of the windows after it. A batch of windows in
bank order would hand almost every target to whoever reads the other rows of a batch.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from gates.contracts import Bank, IntArray
from gates.seeded import pick

ORDER: Literal["interleaved"] = "interleaved"
"""What a report calls the order in which windows are asked."""

MAPPED_BLOCK = 65_536
"""Windows that are dealt among themselves where the bank is mapped, so that a pass reads it once."""


def interleave(count: int, batch_size: int, *, seed: int, block: int | None = None) -> Iterator[IntArray]:
    """Deal ``count`` windows to batches: of nb batches the k-th holds windows k, k + nb, k + 2 nb, ...

    The windows are counted from a place that a hash of the seed chooses, in a circle. Sizes differ by
    one at most, and the first batch is the largest.

    Args:
        count: windows.
        batch_size: most of them in a batch.
        seed: of the evaluation.
        block: windows dealt among themselves, one block after the other; None deals all together.

    Yields:
        The numbers (0 to ``count`` - 1) of each batch's windows; every window is in one batch.

    Example:
        >>> [sorted(batch.tolist()) for batch in interleave(4, 2, seed=0)]
        [[1, 3], [0, 2]]
    """
    if count == 0:
        return
    circle = (np.arange(count, dtype=np.int64) + pick(count, seed=seed, stream="order")) % count
    for first in range(0, count, block or count):
        part = circle[first : first + (block or count)]
        batches = -(-len(part) // batch_size)
        for number in range(batches):
            yield part[number::batches]


def dealt_block(bank: Bank) -> int | None:
    """How many windows of a bank are dealt together; None for all of them."""
    return MAPPED_BLOCK if isinstance(bank.vectors, np.memmap) else None
