"""Which windows go on clearly: their last chunk is like the target, and more so than the earlier ones."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gates.contracts import Bank, IntArray, Window
from schemas.errors import UsageError

BoolArray = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_BLOCK = 8192
"""Windows whose chunks are read at once."""


@dataclass(frozen=True, eq=False)
class Likeness:
    """Of each window's chunks to its target.

    Attributes:
        last: (n,) cosine of the last chunk.
        advantage: (n,) that minus the largest of the earlier chunks; of a context of one, that itself.
    """

    last: Floats
    advantage: Floats


def likeness(bank: Bank, last_rows: IntArray, window: Window) -> Likeness:
    """How like the chunks of windows are to their targets.

    Args:
        bank: of unit rows; only blocks of it are copied.
        last_rows: (n,) of the windows.
        window: their shape.
    """
    places = np.arange(-window.context + 1, 1)
    last, advantage = np.empty(len(last_rows)), np.empty(len(last_rows))
    for start in range(0, len(last_rows), _BLOCK):
        rows = last_rows[start : start + _BLOCK]
        contexts = bank.vectors[rows[:, None] + places].astype(np.float64)
        targets = bank.vectors[rows + window.horizon].astype(np.float64)
        cosines = np.einsum("nld,nd->nl", contexts, targets)
        earlier = cosines[:, :-1].max(axis=1, initial=-np.inf)
        block = slice(start, start + len(rows))
        last[block] = cosines[:, -1]
        advantage[block] = cosines[:, -1] - np.where(np.isneginf(earlier), 0.0, earlier)
    return Likeness(last, advantage)


def stages_of(
    bank: Bank,
    last_rows: IntArray,
    window: Window,
    *,
    easy: tuple[float, float],
    middle: tuple[float, float],
) -> tuple[BoolArray, BoolArray, BoolArray]:
    """The windows of three stages, as flags (n,).

    Args:
        bank: of unit rows.
        last_rows: (n,) of the windows.
        window: their shape.
        easy: least cosine of the last chunk and least advantage of the first stage, which asks for both.
        middle: likewise of the second, which asks for one of them.

    Raises:
        UsageError: a stage has no window.
    """
    found = likeness(bank, last_rows, window)
    stages = (
        (found.last >= easy[0]) & (found.advantage >= easy[1]),
        (found.last >= middle[0]) | (found.advantage >= middle[1]),
        np.ones(len(last_rows), dtype=np.bool_),
    )
    for name, flags, (cosine, advantage) in zip(("easy", "middle"), stages, (easy, middle), strict=False):
        if not flags.any():
            raise UsageError(
                f"--{name} {cosine:g} {advantage:g}: none of the {len(last_rows)} train windows has what it "
                f"asks for; the highest cosine is {found.last.max():.3f}, the highest advantage "
                f"{found.advantage.max():.3f}"
            )
    return stages
