"""Direction under a budget: as much margin as asked for, at no more lost cosine than allowed.

The gate's margin is c[0] - max c[k] with c[k] the mean cosine to the chunk k places from the target.
p6c therefore solves

    minimise MSE   subject to   c[0] - c[k] >= margin   for the hardest k of -3..-1, 1..3

by its Lagrangian, MSE + (2 / D) lambda (margin - (c[0] - c[k])). The factor puts the push into the
error's units: for unit vectors MSE = 2 (1 - c[0]) / D. The dual variable follows the running gap,

    lambda <- clip(lambda + rate (margin - gap), 0, cap),

so it grows while the margin is missing, falls when there is more than asked for, and does not know
the error. The first epochs train without it; the best val cosine among them is the baseline. From
then on weights whose val cosine lies more than the budget below it are never kept, and each time the
budget is overdrawn the cap, 1 at first, falls below the present lambda. Where a push at its cap leaves
the margin on val negative, the push is given up but for a rest of 0.05.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from schemas.errors import UsageError
from schemas.records.metrics import OFFSETS
from trainers.loop.gradient import GradientTrainer
from trainers.loop.objective import Terms, Weight, mean_squared_error
from trainers.loop.selection import RULE
from trainers.loop.settings import GradientSettings, check_between

if TYPE_CHECKING:
    import torch

    from gates.contracts import Dataset
    from trainers.loop.batches import Batch, WindowBatches

NEIGHBOURS = tuple(k for k in OFFSETS if k != 0)

MEMORY = 0.98
"""Weight of the past in the running gaps: they look back about 50 steps."""

RETREAT = 0.7
"""The cap becomes this share of lambda when the budget is overdrawn."""

ADVANCE = 0.5
"""Share of a margin missing on val that is asked for on top, up to twice what is wanted."""

LIGHTEST = 0.05
"""A retreat counts at least from here."""

HEAVIEST = 1.0
"""The push never weighs more than the error: beyond, it buys its margin by predicting a constant."""


@dataclass(frozen=True, kw_only=True)
class P6cSettings(GradientSettings):
    """p6c's knobs."""

    margin: float = field(default=0.10, metadata={"help": "Margin to reach on val."})
    cos_budget: float = field(
        default=0.05, metadata={"help": "Val cosine that may be lost against the MSE epochs."}
    )
    mse_epochs: int | None = field(
        default=None, metadata={"help": "Epochs without a push, the baseline.", "otherwise": "half of all"}
    )
    dual_rate: float = field(default=0.05, metadata={"help": "Step of the push's dual variable."})

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between("margin", self.margin, 0.0, 2.0)
        check_between("cos_budget", self.cos_budget, 0.0, 2.0)
        check_between("dual_rate", self.dual_rate, 0.0, float("inf"))
        if self.mse_epochs is not None and not 1 <= self.mse_epochs <= self.epochs:
            raise UsageError(f"mse_epochs must lie in 1 to {self.epochs} (epochs); found {self.mse_epochs}")


class BudgetedObjective:
    """See the module's docstring."""

    margin = None
    negative = "the hardest of k = -3..-1, 1..3"

    def __init__(self, settings: P6cSettings, dataset: "Dataset") -> None:
        import torch

        self.settings = settings
        self.scale = 2.0 / dataset.bank.dimension
        self.mse_epochs = settings.mse_epochs or max(1, settings.epochs // 2)
        self.pushing = False
        self.baseline: float | None = None
        self.asked = settings.margin
        self.cap = HEAVIEST
        self.dual = torch.zeros(())
        # An offset that was never seen is no rival.
        self.gaps = torch.full((len(NEIGHBOURS),), torch.inf)
        self.seen = torch.zeros(len(NEIGHBOURS))

    @property
    def rule(self) -> str:
        """How weights are kept."""
        return (
            f"val cosine at most {self.settings.cos_budget:g} below the best of the MSE epochs, then {RULE}"
        )

    def start_epoch(self, epoch: int) -> None:
        """The push begins after the MSE epochs."""
        self.pushing = epoch > self.mse_epochs

    def terms(self, predictions: "torch.Tensor", batch: "Batch", batches: "WindowBatches") -> Terms:
        """The error, and how far the hardest offset so far is from the margin asked for."""
        import torch

        to_target = torch.nn.functional.cosine_similarity(predictions, batch.targets, dim=-1)
        gaps, shares = [], []
        for offset in NEIGHBOURS:
            chunks, exists = batches.neighbours(batch.last_rows, offset)
            gap = to_target - torch.nn.functional.cosine_similarity(predictions, chunks, dim=-1)
            gaps.append((gap * exists).mean())
            shares.append(batches.exists(batch.whole, offset).float().mean())
        # The sums are this process's, the counts everybody's: the mean of such ratios over all
        # processes is the ratio over the whole batch.
        sums, counts = torch.stack(gaps), torch.stack(shares).to(to_target.device)
        hardest = self.gaps.argmin().to(sums.device)
        gap = sums[hardest] / counts[hardest].clamp_min(1e-6)
        pos = to_target.mean()
        push = self.scale * (self.asked - gap) if self.pushing else torch.zeros_like(pos)
        mse = mean_squared_error(predictions, batch.targets)
        return Terms(mse, push, pos, pos - gap, gap, torch.cat([sums, counts]))

    def weight(self, terms: "torch.Tensor") -> Weight:
        """Update the running gaps and the dual variable, and return it."""
        import torch

        sums, counts = terms[5:].chunk(2)
        known, before = counts > 0, self.gaps.to(sums.device)
        self.seen = self.seen.to(sums.device) + known
        memory = (1.0 - 1.0 / self.seen.clamp_min(1.0)).clamp(max=MEMORY)  # a plain mean at first
        fresh = torch.where(self.seen > 1, memory * before, 0.0) + (1.0 - memory) * sums / counts
        self.gaps = torch.where(known, fresh, before)
        if not self.pushing:
            return Weight(torch.zeros_like(terms[0]), torch.zeros_like(terms[0]))
        wanted = self.dual.to(sums.device) + self.settings.dual_rate * (self.asked - self.gaps.min())
        self.dual = wanted.clamp(0.0, self.cap)
        return Weight(self.dual, (wanted != self.dual).float())

    def end_epoch(self, val_cosine: float, val_margin: float) -> None:
        """Learn the baseline; afterwards ask for what is missing, or retreat."""
        if not self.pushing:
            self.baseline = val_cosine if self.baseline is None else max(val_cosine, self.baseline)
        elif not self.admissible(val_cosine):
            self._retreat(RETREAT)
        elif val_margin <= 0.0 and float(self.dual) >= 0.999 * self.cap:  # float32 against float64
            # The heaviest push there may be does not even turn the margin positive: this data has
            # none to sell, and the rest of the epochs is better spent on the error.
            self.cap = min(self.cap, LIGHTEST)
            self.dual = self.dual.clamp(max=self.cap)
        else:
            missing = max(0.0, self.settings.margin - val_margin)
            self.asked = min(self.asked + ADVANCE * missing, 2.0 * self.settings.margin)

    def admissible(self, val_cosine: float) -> bool:
        """Whether the budget is kept."""
        return self.baseline is None or val_cosine >= self.baseline - self.settings.cos_budget

    def soften(self) -> None:
        """Cap the dual variable at half of what it is."""
        self._retreat(0.5)

    def _retreat(self, share: float) -> None:
        # Never to nothing: a push that was not at work cannot have done the harm.
        self.cap = min(self.cap, share * max(float(self.dual), LIGHTEST))
        self.dual = self.dual.clamp(max=self.cap)

    def line(self, means: Mapping[str, float]) -> str:
        """E.g. ``[P6c dir] λ=0.412 pos=0.580 hardest=0.482 (k=-1) gap=+0.098 asked=0.100``."""
        hardest = NEIGHBOURS[int(self.gaps.argmin())]
        return (
            f"[P6c dir] λ={means['lambda_eff']:.3f} pos={means['pos']:.3f} hardest={means['neg']:.3f} "
            f"(k={hardest:+d}) gap={means['gap']:+.3f} asked={self.asked if self.pushing else 0.0:.3f}"
        )

    def state(self) -> dict[str, object]:
        """Dual variable, running gaps, baseline, cap and the margin asked for."""
        return {
            "dual": self.dual.cpu(),
            "gaps": self.gaps.cpu(),
            "seen": self.seen.cpu(),
            "baseline": self.baseline,
            "asked": self.asked,
            "cap": self.cap,
        }

    def load(self, state: Mapping[str, object]) -> None:
        """Continue from :meth:`state`."""
        held = cast("dict[str, Any]", state)
        self.dual, self.gaps, self.seen = held["dual"], held["gaps"], held["seen"]
        self.baseline, self.asked, self.cap = held["baseline"], held["asked"], held["cap"]


TRAINER = GradientTrainer(
    name="p6c",
    summary="MSE under the constraint of a margin, within a budget of lost cosine (horizon 2).",
    default_horizon=2,
    settings=P6cSettings,
    make_objective=BudgetedObjective,
)
