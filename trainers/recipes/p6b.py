"""The seed's directional recipe: mean squared error and a smooth margin against an earlier chunk.

::

    dir        = mean softplus(gamma (margin - gap)) / gamma       gap = cos(pred, next) - cos(pred, prev)
    lambda_eff = clamp(MSE * target_frac / dir, low, high)         without gradient
    loss       = MSE + lambda_eff * dir

margin and target_frac are ramped over the epochs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from schemas.errors import UsageError
from trainers.loop.gradient import GradientTrainer
from trainers.loop.objective import Terms, Weight, mean_squared_error, previous_offset
from trainers.loop.selection import RULE
from trainers.loop.settings import check_between
from trainers.recipes.last_slot import LastSlotSettings, jittered_last
from trainers.recipes.ramp import parse_ramp
from trainers.recipes.softened import Softened

if TYPE_CHECKING:
    import torch

    from gates.contracts import Dataset
    from trainers.loop.batches import Batch, WindowBatches

_TINY = 1e-8
"""Neither error nor push counts as less than this when the weight is made."""


@dataclass(frozen=True, kw_only=True)
class P6bSettings(LastSlotSettings):
    """The seed's constants."""

    gamma: float = field(default=8.0, metadata={"help": "Sharpness of the smooth hinge."})
    ramp: str = field(
        default="1:0.02:0.4,3:0.04:0.8,6:0.05:1",
        metadata={"help": "Stages as first epoch:margin:share of the target fraction."},
    )
    target_frac: float = field(
        default=0.25, metadata={"help": "Full size of the push as a fraction of the MSE."}
    )
    lambda_clamp: tuple[float, float] = field(
        default=(1e-4, 5e-2), metadata={"help": "Bounds of the push's weight."}
    )
    prev: Literal["context[-2]", "context[-1]", "skipped"] = field(
        default="context[-2]", metadata={"help": "The negative chunk."}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between("gamma", self.gamma, 0.0, float("inf"))
        check_between("target_frac", self.target_frac, 0.0, float("inf"))
        low, high = self.lambda_clamp
        if not 0.0 < low <= high < float("inf"):
            raise UsageError(f"lambda_clamp needs two positive ascending numbers; found {low} {high}")
        previous_offset(self.prev, 2)
        parse_ramp(self.ramp)


class DirectionalObjective(Softened):
    """P6b's loss; see the module's docstring.

    Softened, both the target fraction and the upper bound are halved, which may be what decides.
    """

    rule = RULE

    def __init__(self, settings: P6bSettings, dataset: "Dataset") -> None:
        self.settings = settings
        self.stages = parse_ramp(settings.ramp)
        self.stage = self.stages[0]
        self.offset = previous_offset(settings.prev, dataset.window.horizon)
        if settings.prev == "context[-2]" and dataset.window.context < 2:
            raise UsageError("context[-2] needs a context of at least 2 chunks; choose another --prev")
        self.negative = f"{settings.prev} (k = {self.offset})"

    @property
    def margin(self) -> float:
        """Of the stage of the ramp."""
        return self.stage.margin

    def start_epoch(self, epoch: int) -> None:
        """Choose the stage of the ramp."""
        self.stage = [stage for stage in self.stages if stage.epoch <= epoch][-1]

    def terms(self, predictions: "torch.Tensor", batch: "Batch", batches: "WindowBatches") -> Terms:
        """Error and push. The negative always exists: it lies between a context's ends and its target."""
        from trainers.recipes.losses import directional_margin_loss_smooth

        previous, _ = batches.neighbours(batch.last_rows, self.offset)
        push = directional_margin_loss_smooth(
            predictions, batch.targets, previous, margin=self.stage.margin, gamma=self.settings.gamma
        )
        mse = mean_squared_error(predictions, batch.targets)
        return Terms(mse, push.loss, push.pos, push.neg, push.gap)

    def weight(self, terms: "torch.Tensor") -> Weight:
        """The push becomes a fixed fraction of the error, within the clamp."""
        low, high = self.settings.lambda_clamp
        fraction = self.settings.target_frac * self.stage.share * self.softness
        wanted = terms[0].clamp_min(_TINY) * fraction / terms[1].clamp_min(_TINY)
        value = wanted.clamp(low, max(low, high * self.softness))
        return Weight(value, (value != wanted).float())

    def line(self, means: Mapping[str, float]) -> str:
        """The seed's line."""
        fraction = means["lambda_eff"] * means["push"] / max(means["mse"], _TINY)
        return (
            f"[P6b dir] λ_eff={means['lambda_eff']:.5f} pos={means['pos']:.3f} neg={means['neg']:.3f} "
            f"gap={means['gap']:.3f} frac_of_mse={fraction:.2f} margin={self.stage.margin:.3f}"
        )


TRAINER = GradientTrainer(
    name="p6b",
    summary="MSE and a ramped, smooth directional margin against an earlier chunk (horizon 2).",
    default_horizon=2,
    settings=P6bSettings,
    make_objective=DirectionalObjective,
    noise=jittered_last,
)
