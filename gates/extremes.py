"""The predictions that came closest to their targets, and those that went farthest astray."""

from dataclasses import dataclass

import numpy as np

from gates.contracts import DoubleArray, FloatArray, IntArray

SHOWN = 10
"""So many of the best and so many of the worst are kept."""


@dataclass(frozen=True, eq=False)
class Extremes:
    """Some windows by number, with what was predicted for them; no window is both best and worst.

    Attributes:
        best: (b,) highest cosine first. worst: (b,) lowest cosine first.
        predictions: (2 b, D) unit rows, the best ones' first: the very answers that were measured.
    """

    best: IntArray
    worst: IntArray
    predictions: FloatArray


def find_extremes(predictions: FloatArray, cosines: DoubleArray) -> Extremes:
    """Pick the extremes; of equal cosines the earlier window comes first among the best.

    Args:
        predictions: (S, D) unit rows.
        cosines: (S,) to their targets.
    """
    order = np.argsort(-cosines, kind="stable")
    shown = min(SHOWN, len(order) // 2)
    best, worst = order[:shown], order[::-1][:shown]
    return Extremes(best, worst, predictions[np.concatenate([best, worst])])
