"""What a recipe minimises: a mean squared error and a push, each with its weight."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from schemas.errors import UsageError

if TYPE_CHECKING:
    import torch

    from trainers.loop.batches import Batch, WindowBatches

PREVIOUS = ("context[-2]", "context[-1]", "skipped")
"""What a user may call the negative chunk."""


@dataclass(frozen=True, eq=False)
class Terms:
    """Means over some windows, 0-dimensional.

    Attributes:
        mse: mean squared error over windows and dimensions; differentiable.
        push: directional loss, differentiable; 0 where the recipe has none.
        pos, neg, gap: mean cosine to the target, to the negative, and their difference.
        more: (n,) further means the recipe's weight is made from, or None.
    """

    mse: "torch.Tensor"
    push: "torch.Tensor"
    pos: "torch.Tensor"
    neg: "torch.Tensor"
    gap: "torch.Tensor"
    more: "torch.Tensor | None" = None

    def detached(self) -> "torch.Tensor":
        """(5 + n,) the values in this order, without gradient."""
        import torch

        values = torch.stack([self.mse, self.push, self.pos, self.neg, self.gap]).detach()
        return values if self.more is None else torch.cat([values, self.more.detach()])


@dataclass(frozen=True, eq=False)
class Weight:
    """What the terms weigh.

    Attributes:
        value: of the push. clamped: 1.0 where a bound decided it; both 0-dimensional.
        error: of the squared error; 0 where a recipe only measures it.
    """

    value: "torch.Tensor"
    clamped: "torch.Tensor"
    error: "torch.Tensor | float" = 1.0


class Objective(Protocol):
    """What is minimised: ``error * mse + value * push``. One instance lives as long as its run."""

    @property
    def rule(self) -> str:
        """How the best checkpoint is chosen, in one sentence."""
        ...

    @property
    def negative(self) -> str:
        """The negative chunk by name and offset, e.g. ``context[-2] (k = -3)``."""
        ...

    @property
    def margin(self) -> float | None:
        """The gap asked for now, where the push's weight follows the error as the seed's does; else None."""
        ...

    def start_epoch(self, epoch: int) -> None:
        """Called before the first step of each epoch (from 1), also after a resume."""
        ...

    def terms(self, predictions: "torch.Tensor", batch: "Batch", batches: "WindowBatches") -> Terms:
        """Measure a batch; predictions (B, D) are float32."""
        ...

    def weight(self, terms: "torch.Tensor") -> Weight:
        """The weights from the detached terms (5 + n,) of the whole batch, on all devices."""
        ...

    def end_epoch(self, val_cosine: float, val_margin: float) -> None:
        """Told what the gates measured after an epoch."""
        ...

    def admissible(self, val_cosine: float) -> bool:
        """Whether weights with this cosine on val may be kept at all."""
        ...

    def soften(self) -> None:
        """Push half as hard from now on: called when a run is rolled back after a collapse."""
        ...

    def line(self, means: Mapping[str, float]) -> str:
        """The log line for means over some steps, by name in :data:`schemas.records.history.FIGURES`."""
        ...

    def state(self) -> dict[str, object]:
        """Everything that changes while training, as plain values and tensors."""
        ...

    def load(self, state: Mapping[str, object]) -> None:
        """Continue from :meth:`state`."""
        ...


def mean_squared_error(predictions: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """Mean of (prediction - target)^2 over (B, D); for unit rows it is 2 (1 - mean cosine) / D."""
    from torch import nn

    return nn.functional.mse_loss(predictions, targets)


def previous_offset(previous: str, horizon: int) -> int:
    """Offset k of a named negative relative to the target.

    Raises:
        UsageError: unknown, or nothing is skipped at this horizon.

    Example:
        >>> previous_offset("context[-2]", 2), previous_offset("context[-1]", 2)
        (-3, -2)
        >>> previous_offset("skipped", 2)
        -1
    """
    if previous not in PREVIOUS:
        raise UsageError(f"prev must be one of {', '.join(PREVIOUS)}; found {previous!r}")
    if previous == "skipped":
        if horizon == 1:
            raise UsageError(
                "no chunk is skipped at horizon 1; the chunk before the target is context[-1] there"
            )
        return -1
    return -horizon if previous == "context[-1]" else -horizon - 1
