"""Late guards: from some epoch on, a small fixed push away from chunks that a copy would be close to.

::

    loss = MSE + w * guard      guard = mean relu(margin - gap)      gap = cos(pred, next) - cos(pred, prev)

w is 0 until the guards begin. prev is context[-2], as in the runs these recipes repeat.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schemas.errors import UsageError
from trainers.loop.objective import Terms, Weight, mean_squared_error, previous_offset
from trainers.loop.selection import RULE
from trainers.loop.settings import GradientSettings, check_between
from trainers.recipes.softened import Softened

if TYPE_CHECKING:
    import torch

    from gates.contracts import Dataset
    from trainers.loop.batches import Batch, WindowBatches

NEGATIVE = "context[-2]"
"""The chunk that the guard pushes away from."""


@dataclass(frozen=True, kw_only=True)
class GuardSettings(GradientSettings):
    """When the guards begin and what they ask for."""

    guards_from: int = field(default=6, metadata={"help": "Epoch from which the guards push."})
    guard_weight: float = field(default=0.002, metadata={"help": "Weight of the guards beside the MSE."})
    guard_margin: float = field(default=0.01, metadata={"help": "Gap that the guards ask for."})

    def __post_init__(self) -> None:
        super().__post_init__()
        if type(self.guards_from) is not int or self.guards_from < 1:
            raise UsageError(f"guards_from must be a whole number of at least 1; found {self.guards_from!r}")
        check_between("guard_weight", self.guard_weight, 0.0, float("inf"))
        check_between("guard_margin", self.guard_margin, 0.0, 2.0)


class GuardedObjective(Softened):
    """See the module's docstring.

    Args:
        label: what log lines begin with.
        settings: of the guards.
        dataset: whose windows are trained on.
    """

    rule = RULE
    margin = None

    def __init__(self, label: str, settings: GuardSettings, dataset: "Dataset") -> None:
        if dataset.window.context < 2:
            raise UsageError(f"{NEGATIVE} needs a context of at least 2 chunks; found 1")
        self.label = label
        self.guards = settings
        self.offset = previous_offset(NEGATIVE, dataset.window.horizon)
        self.negative = f"{NEGATIVE} (k = {self.offset})"
        self.guarding = False

    def start_epoch(self, epoch: int) -> None:
        """The guards begin."""
        self.guarding = epoch >= self.guards.guards_from

    def terms(self, predictions: "torch.Tensor", batch: "Batch", batches: "WindowBatches") -> Terms:
        """The error, and the guards where they have begun."""
        from trainers.recipes.losses import directional_margin_loss

        previous, _ = batches.neighbours(batch.last_rows, self.offset)
        guard = directional_margin_loss(predictions, batch.targets, previous, margin=self.guards.guard_margin)
        mse = mean_squared_error(predictions, batch.targets)
        return Terms(mse, guard.loss if self.guarding else 0.0 * guard.loss, guard.pos, guard.neg, guard.gap)

    def weight(self, terms: "torch.Tensor") -> Weight:
        """Fixed, 0 before the guards begin."""
        value = self.guards.guard_weight * self.softness if self.guarding else 0.0
        return Weight(terms.new_full((), value), terms.new_zeros(()))

    def line(self, means: Mapping[str, float]) -> str:
        """E.g. ``[P2 guard] λ=0.002 push=0.0041 pos=0.520 neg=0.468 gap=0.052 (k=-2)``."""
        return (
            f"[{self.label}] λ={means['lambda_eff']:g} push={means['push']:.4f} pos={means['pos']:.3f} "
            f"neg={means['neg']:.3f} gap={means['gap']:.3f} (k={self.offset})"
        )
