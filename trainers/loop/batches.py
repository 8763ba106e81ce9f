"""Batches of windows, gathered from the bank in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from gates.contracts import Dataset, IntArray
from gates.seeded import hash_rows
from schemas.errors import DataError
from trainers.loop.noise import Noise, shown

_ROOM = 0.5
"""Share of an accelerator's free memory a bank may take; a larger one stays on the host."""


Ask = Callable[[torch.Tensor], torch.Tensor]


def nobody(contexts: torch.Tensor) -> torch.Tensor:
    """Who is asked where a batch was gathered, but for no model.

    Raises:
        ValueError: always.
    """
    raise ValueError("this batch was gathered without a model that could be asked")


@dataclass(frozen=True, eq=False)
class Batch:
    """Some windows on the training device.

    Attributes:
        contexts: (B, L, D) float32. targets: (B, D) float32.
        last_rows: (B,) bank row of each window's last chunk.
        whole: (W,) the same of all windows that are averaged over, other processes' included.
        shown: (B, L, D) the contexts as the model sees them, some of them damaged where the recipe says so.
        features: (B, ...) what the model is given beside them; None where nothing.
        ask: contexts (B, L, D) -> what the model that is trained makes of them now, (B, D) with gradient.
    """

    contexts: torch.Tensor
    targets: torch.Tensor
    last_rows: torch.Tensor
    whole: torch.Tensor
    shown: torch.Tensor
    features: torch.Tensor | None = None
    ask: Ask = nobody

    @property
    def inputs(self) -> tuple[torch.Tensor, ...]:
        """What the model is called with."""
        return (self.shown,) if self.features is None else (self.shown, self.features)


Features = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Contexts (B, L, D) and last rows (B,) -> what a model is given beside the contexts while it trains."""


class WindowBatches:
    """The windows of a split in a seeded order, without a copy of any window.

    The L rows of a window lie side by side in the bank, so a view of the bank in which every row
    is followed by its L - 1 successors holds all windows; one gather from it makes a batch.

    Args:
        dataset: with its bank.
        split: whose windows.
        device: where batches are wanted. The bank moves there if it fits, and is gathered on the
            host otherwise.
        seed: of the order, and of the noise.
        noise: what becomes of some last chunks before a model sees them.
        chosen: the last rows of the windows of the present epoch; None where all are meant.
        features: makes :attr:`Batch.features`; None where the module reads contexts alone.
    """

    def __init__(
        self,
        dataset: Dataset,
        split: str,
        *,
        device: torch.device,
        seed: int,
        noise: Noise | None = None,
        chosen: Callable[[], IntArray | None] = lambda: None,
        features: Features | None = None,
    ) -> None:
        self.noise, self.chosen, self.features, self.epoch = noise, chosen, features, 1
        self.last_rows: IntArray = dataset.splits[split].last_rows
        self.device, self.seed = device, seed
        self.context, self.horizon = dataset.window.context, dataset.window.horizon
        vectors = torch.from_numpy(dataset.bank.vectors)
        self.vectors = vectors.to(device) if _fits(vectors, device) else vectors
        bank, place = dataset.bank, self.vectors.device
        self.run_first = torch.from_numpy(bank.run_first).to(place)
        self.run_last = torch.from_numpy(bank.run_last).to(place)
        rows, width = self.vectors.shape
        shape = (rows - self.context + 1, self.context, width)
        self.windows = self.vectors.as_strided(shape, (width, width, 1))

    def order(self, epoch: int) -> IntArray:
        """(n,) last rows of the windows of an epoch, in its order.

        Sorted by a hash of seed, epoch and row: the same on every machine and in every version, and
        nothing has to be remembered to continue in the middle. What is gathered from now on has the noise
        of this epoch.
        """
        self.epoch = epoch
        rows = self._present()
        hashes = hash_rows(rows, seed=self.seed, stream=f"epoch {epoch}")
        return rows[np.argsort(hashes, kind="stable")]

    def steps(self, size: int) -> int:
        """Steps of ``size`` windows in the present epoch, the last of which may have fewer."""
        return -(-len(self._present()) // size)

    def _present(self) -> IntArray:
        chosen = self.chosen()
        return self.last_rows if chosen is None else chosen

    def most_steps(self, size: int) -> int:
        """Steps of an epoch that leaves no window out."""
        return -(-len(self.last_rows) // size)

    def cut(self, epoch: int, size: int) -> Sequence[IntArray]:
        """The last rows of each step of an epoch, each window once."""
        order = self.order(epoch)
        return [order[start : start + size] for start in range(0, len(order), size)]

    def gather(self, last_rows: IntArray, whole: IntArray | None = None) -> Batch:
        """Contexts and targets of some windows.

        Args:
            last_rows: whose.
            whole: the batch they are a part of; themselves where it is None.

        Raises:
            DataError: there are none.
        """
        if len(last_rows) == 0:
            raise DataError("a batch needs at least one window")
        rows = torch.from_numpy(last_rows).to(self.vectors.device)
        contexts = self.windows[rows - (self.context - 1)]
        targets = self.vectors[rows + self.horizon]
        everybody = rows if whole is None else torch.from_numpy(whole).to(self.vectors.device)
        mine = contexts.to(self.device)
        seen = shown(mine, last_rows, self.noise, seed=self.seed, epoch=self.epoch)
        features = None if self.features is None else self.features(mine, rows)
        return Batch(mine, targets.to(self.device), rows, everybody, seen, features)

    def exists(self, last_rows: torch.Tensor, offset: int) -> torch.Tensor:
        """(B,) whether the chunk ``offset`` places from each target is there, in its run without gaps."""
        targets = last_rows + self.horizon
        wanted = targets + offset
        return (wanted >= self.run_first[targets]) & (wanted <= self.run_last[targets])

    def contexts_before(self, last_rows: torch.Tensor, places: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The contexts that end ``places`` chunks before the windows' own.

        Returns:
            (B, L, D) vectors and (B,) booleans. Where the article (or its run without gaps) begins later,
            the window's own context stands in and the flag is False.
        """
        first, exists = last_rows - (self.context - 1), self.reaches_back(last_rows, places)
        found = self.windows[torch.where(exists, first - places, first)]
        return found.to(self.device), exists.to(self.device)

    def reaches_back(self, last_rows: torch.Tensor, places: int) -> torch.Tensor:
        """(B,) whether the chunk ``places`` places before each window's first one is there."""
        return last_rows - (self.context - 1) - places >= self.run_first[last_rows]

    def neighbours(self, last_rows: torch.Tensor, offset: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The chunks ``offset`` places from the targets, and which of them exist.

        Returns:
            (B, D) vectors and (B,) booleans. Where the article (or its run without gaps) ends
            before, the target itself stands in and the flag is False.
        """
        targets, exists = last_rows + self.horizon, self.exists(last_rows, offset)
        found = self.vectors[torch.where(exists, targets + offset, targets)]
        return found.to(self.device), exists.to(self.device)


def _fits(vectors: torch.Tensor, device: torch.device) -> bool:
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return vectors.numel() * vectors.element_size() <= _ROOM * free
