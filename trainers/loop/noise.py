"""Damage to the last chunk of some windows while a model trains, so that copying it does not pay.

Only what the model is shown is damaged: targets, negatives and guards are of the true chunks. Which windows
are damaged, and how, follows from the run's seed, the epoch and the window alone, so a run that continues,
or is shared by more processes, meets the same damage.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from gates.contracts import IntArray
from gates.seeded import hash_rows

SIGMA = 0.03
"""Of the jitter, in each dimension: beside a chunk of length 1 it has length .03 sqrt(D), .59 at 384."""

SWAP = 0.05
"""Share of the damaged windows whose last chunk becomes a repetition of the one before."""

_STEP = 2.0**-64


class Noise(Protocol):
    """What becomes of the last chunk of a window that is damaged."""

    @property
    def share(self) -> float:
        """Of the windows that are damaged, in [0, 1]."""
        ...

    def damaged(self, context: torch.Tensor, draw: np.random.Generator) -> torch.Tensor:
        """The last chunk (D,) of length 1 that is shown instead of the last of ``context`` (L, D)."""
        ...


@dataclass(frozen=True)
class RandomLast:
    """A direction drawn evenly from all."""

    share: float

    def damaged(self, context: torch.Tensor, draw: np.random.Generator) -> torch.Tensor:
        """It owes nothing to the context."""
        return nn.functional.normalize(_normal(context[-1], draw), dim=-1)


@dataclass(frozen=True)
class JitteredLast:
    """The chunk and a little of everything, or (in a share :data:`SWAP`) the chunk before it."""

    share: float

    def damaged(self, context: torch.Tensor, draw: np.random.Generator) -> torch.Tensor:
        """``normalise(last + sigma * n)``, or a repetition; a context of one has nothing to repeat."""
        if draw.random() < SWAP and len(context) > 1:
            return context[-2]
        return nn.functional.normalize(context[-1] + SIGMA * _normal(context[-1], draw), dim=-1)


def shown(
    contexts: torch.Tensor, rows: IntArray, noise: Noise | None, *, seed: int, epoch: int
) -> torch.Tensor:
    """Contexts as the model sees them: some with another last chunk, the others untouched.

    Args:
        contexts: (B, L, D), which stay as they are.
        rows: (B,) bank row of each window's last chunk.
        noise: what is done to some; None leaves all alone.
        seed: of the run.
        epoch: from 1.
    """
    if noise is None:
        return contexts
    copy = contexts.clone()
    for place, draw in _chosen(rows, noise.share, seed=seed, epoch=epoch):
        copy[place, -1] = noise.damaged(contexts[place], draw)
    return copy


def _chosen(
    rows: IntArray, share: float, *, seed: int, epoch: int
) -> Iterator[tuple[int, np.random.Generator]]:
    """Places of the windows that are damaged, each with random numbers of its own."""
    hashes: npt.NDArray[np.uint64] = hash_rows(rows, seed=seed, stream=f"noise {epoch}")
    for place in np.flatnonzero(hashes.astype(np.float64) * _STEP < share).tolist():
        yield place, np.random.default_rng(int(hashes[place]))


def _normal(like: torch.Tensor, draw: np.random.Generator) -> torch.Tensor:
    return torch.from_numpy(draw.standard_normal(len(like), dtype=np.float32)).to(like)
