"""p4: p3, and predictions that must hold when they are read again.

::

    loss = MSE + v * (guard + s * anti) + r * rollout
    rollout = mean over 3 free-running steps of the MSE to the chunk of that step
    v = w * (1 + mean sigmoid((cos(last, target) - .60) / .05))

r is .05 from epoch 4 and .10 from epoch 7; the guards begin in epoch 6, and weigh more where copying is
tempting.

It was reported to reach val cosine .540, then .338. What was wrong with that run and is not repeated: only
its first step had a target and a gradient. The later ones were compared with nothing but the error of the
step before, taken for a vector, and were asked to differ from it. Here each step is compared with the chunk
it predicts, where the article has one, and the gradient runs through all of them.
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from schemas.errors import UsageError
from trainers.loop.gradient import GradientTrainer
from trainers.loop.objective import Terms, Weight
from trainers.loop.settings import check_between
from trainers.recipes.guarded import AntiCopyObjective, P3Settings, random_last

if TYPE_CHECKING:
    import torch

    from gates.contracts import Dataset
    from trainers.loop.batches import Batch, WindowBatches


@dataclass(frozen=True, kw_only=True)
class P4Settings(P3Settings):
    """p4's constants."""

    rollout_steps: int = field(default=3, metadata={"help": "Free-running steps, the first one included."})
    rollout_epochs: tuple[int, int] = field(
        default=(4, 7),
        metadata={"help": "Epochs from which the rollout weighs the first and the second weight."},
    )
    rollout_weights: tuple[float, float] = field(
        default=(0.05, 0.1), metadata={"help": "Weights of the rollout beside the MSE."}
    )
    tempting: float = field(
        default=0.6, metadata={"help": "Cosine of last chunk and target from which a copy is tempting."}
    )
    tempting_width: float = field(
        default=0.05, metadata={"help": "How gradually the guards weigh more around it."}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if type(self.rollout_steps) is not int or self.rollout_steps < 1:
            raise UsageError(
                f"rollout_steps must be a whole number of at least 1; found {self.rollout_steps!r}"
            )
        first, second = self.rollout_epochs
        if not 1 <= first <= second:
            raise UsageError(f"rollout_epochs needs two ascending epochs from 1; found {first} {second}")
        for weight in self.rollout_weights:
            check_between("rollout_weights", weight, 0.0, float("inf"))
        check_between("tempting_width", self.tempting_width, 0.0, float("inf"))


class RolloutObjective(AntiCopyObjective):
    """Guards and rollout; see the module's docstring.

    Both are one push to the loop: it weighs what the two weigh together, and is their weighted mean.
    """

    def __init__(self, settings: P4Settings, dataset: "Dataset") -> None:
        super().__init__("P4 rollout", settings, dataset)
        self.rollout = settings
        self.rolling = 0.0

    def start_epoch(self, epoch: int) -> None:
        """Rollout and guards begin."""
        super().start_epoch(epoch)
        stages = zip(self.rollout.rollout_epochs, self.rollout.rollout_weights, strict=True)
        self.rolling = ([0.0] + [weight for first, weight in stages if epoch >= first])[-1]

    def terms(self, predictions: "torch.Tensor", batch: "Batch", batches: "WindowBatches") -> Terms:
        """The error, the guards, and the rollout where it has begun."""
        found, tempted = super().terms(predictions, batch, batches), self._tempted(batch, batches)
        if not self.rolling:
            return replace(found, more=tempted)
        guards = self._guards(tempted[0])
        rollout = rollout_error(predictions, batch, batches, steps=self.rollout.rollout_steps)
        push = (guards * found.push + self.rolling * rollout) / (guards + self.rolling)
        return replace(found, push=push, more=tempted)

    def weight(self, terms: "torch.Tensor") -> Weight:
        """Of guards and rollout together."""
        value = (self._guards(terms[5]) + self.rolling) * self.softness
        return Weight(value, terms.new_zeros(()))

    def _guards(self, tempted: "torch.Tensor") -> "torch.Tensor":
        """() weight of the guards before any rollback."""
        return (self.guards.guard_weight if self.guarding else 0.0) * (1.0 + tempted)

    def _tempted(self, batch: "Batch", batches: "WindowBatches") -> "torch.Tensor":
        """(1,) how tempting copies are in the whole batch, in [0, 1]; the same on every process."""
        import torch

        last, target = batches.vectors[batch.whole], batches.vectors[batch.whole + batches.horizon]
        cosines = torch.nn.functional.cosine_similarity(last, target, dim=-1)
        alike = (cosines - self.rollout.tempting) / self.rollout.tempting_width
        return alike.sigmoid().mean()[None].to(batches.device)


def rollout_error(
    predictions: "torch.Tensor", batch: "Batch", batches: "WindowBatches", *, steps: int
) -> "torch.Tensor":
    """() mean over free-running steps of the MSE over the windows in which the step exists.

    A batch is shared by processes: the sums are this one's, the counts everybody's, so that the mean of what
    all of them find is the error of the whole batch.
    """
    import torch

    from trainers.recipes.free_running import free_run, there

    run = free_run(predictions, batch, batches, steps=steps)
    errors = ((run.predictions - run.targets) ** 2).mean(dim=-1)
    sums = (errors * run.exists).mean(dim=1)
    shares = torch.stack([there(batch.whole, batches, step).float().mean() for step in range(steps)])
    shares = shares.to(sums)
    return (sums / shares.clamp_min(1e-6)).sum() / (shares > 0).sum()


TRAINER = GradientTrainer(
    name="p4",
    summary="p3 with a free-running error over three steps (horizon 1).",
    default_horizon=1,
    settings=P4Settings,
    make_objective=RolloutObjective,
    noise=random_last,
)
