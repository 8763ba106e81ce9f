"""The seed's plain recipes: mean squared error at horizon 1 (p1) and at horizon 2 (p6)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from trainers.loop.gradient import GradientTrainer
from trainers.loop.objective import Terms, Weight, mean_squared_error
from trainers.loop.selection import RULE
from trainers.loop.settings import GradientSettings
from trainers.recipes.last_slot import LastSlotSettings, jittered_last

if TYPE_CHECKING:
    import torch

    from trainers.loop.batches import Batch, WindowBatches

BEFORE_TARGET = -1
"""The chunk beside which the gap is shown."""


class MeanSquaredError:
    """No push; the gap to the chunk directly before the target is only measured."""

    rule = RULE
    margin = None
    negative = f"none (the gap shown is to k = {BEFORE_TARGET})"

    def __init__(self, label: str) -> None:
        self.label = label

    def start_epoch(self, epoch: int) -> None:
        """Nothing changes from epoch to epoch."""

    def terms(self, predictions: "torch.Tensor", batch: "Batch", batches: "WindowBatches") -> Terms:
        """The error, and the cosines to target and to the chunk before it."""
        import torch

        before, _ = batches.neighbours(batch.last_rows, BEFORE_TARGET)
        pos = torch.nn.functional.cosine_similarity(predictions, batch.targets, dim=-1).mean()
        neg = torch.nn.functional.cosine_similarity(predictions, before, dim=-1).mean()
        mse = mean_squared_error(predictions, batch.targets)
        return Terms(mse, torch.zeros_like(mse), pos, neg, pos - neg)

    def weight(self, terms: "torch.Tensor") -> Weight:
        """Always 0."""
        zero = terms.new_zeros(())
        return Weight(zero, zero)

    def end_epoch(self, val_cosine: float, val_margin: float) -> None:
        """Nothing is learned from the gates."""

    def admissible(self, val_cosine: float) -> bool:
        """Everything may be kept."""
        return True

    def soften(self) -> None:
        """There is no push to soften; the loop lowers the learning rate."""

    def line(self, means: Mapping[str, float]) -> str:
        """E.g. ``[P6] mse=0.00210 pos=0.520 neg=0.468 gap=0.052 (k=-1)``."""
        return (
            f"[{self.label}] mse={means['mse']:.5f} pos={means['pos']:.3f} neg={means['neg']:.3f} "
            f"gap={means['gap']:.3f} (k={BEFORE_TARGET})"
        )

    def state(self) -> dict[str, object]:
        """Nothing changes."""
        return {}

    def load(self, state: Mapping[str, object]) -> None:
        """Nothing to continue."""


P1 = GradientTrainer(
    name="p1",
    summary="Mean squared error to the next chunk (horizon 1): the baseline.",
    default_horizon=1,
    settings=GradientSettings,
    make_objective=lambda settings, dataset: MeanSquaredError("P1"),
)

P6 = GradientTrainer(
    name="p6",
    summary="Mean squared error to the chunk after the next one (horizon 2).",
    default_horizon=2,
    settings=LastSlotSettings,
    make_objective=lambda settings, dataset: MeanSquaredError("P6"),
    noise=jittered_last,
)
