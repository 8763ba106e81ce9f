"""p2: the network says how far to move from the last chunk, so that a copy is its starting point.

::

    p = normalise(u + a * D(context))      u the last chunk, a learned from 0.5

and the directional guard of :mod:`trainers.recipes.guards` from epoch 6 on.

What is wrong with it, and is kept because it is the recipe: the identity is not taken away but given for free
(a = 0 copies), and the guard watches context[-2] (k = -2 at horizon 1), not the chunk that is copied. It was
reported to collapse onto the last chunk (margin_last -.534). What was wrong with the run and is not repeated:
its val windows were drawn from the articles of train where no article numbers were at hand, and its R@5
ranked the target among six chunks, five of which a constant beats by chance.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trainers.loop.gradient import GradientTrainer
from trainers.loop.settings import check_between
from trainers.recipes.guards import GuardedObjective, GuardSettings

if TYPE_CHECKING:
    from torch import nn

    from gates.contracts import Dataset


@dataclass(frozen=True, kw_only=True)
class P2Settings(GuardSettings):
    """p2's constants."""

    alpha: float = field(
        default=0.5, metadata={"help": "How far a fresh network moves the last chunk; learned."}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between("alpha", self.alpha, 0.0, float("inf"))


class ResidualObjective(GuardedObjective):
    """The guard, and the wrapper that makes a network's answer a step from the last chunk."""

    def __init__(self, settings: P2Settings, dataset: "Dataset") -> None:
        super().__init__("P2 guard", settings, dataset)
        self.alpha = settings.alpha

    def dress(self, module: "nn.Module") -> "nn.Module":
        """The network in its wrapper."""
        import torch

        from trainers.checkpoints.residual import ResidualNext

        return ResidualNext(module, torch.tensor(self.alpha))


TRAINER = GradientTrainer(
    name="p2",
    summary="A step from the last chunk, with a late directional guard (horizon 1).",
    default_horizon=1,
    settings=P2Settings,
    make_objective=ResidualObjective,
    dress=ResidualObjective.dress,
)
