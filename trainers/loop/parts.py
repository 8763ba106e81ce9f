"""What a recipe brings to the loop."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from trainers.loop.noise import Noise
from trainers.loop.objective import Objective


@dataclass(frozen=True, eq=False)
class Parts:
    """What a run is put together from.

    Attributes:
        objective: what is minimised.
        dress: a fresh network -> the module that is trained: a wrapper of it, or itself.
        noise: what becomes of some last chunks before the model sees them; None leaves them alone.
    """

    objective: Objective
    dress: Callable[[nn.Module], nn.Module]
    noise: Noise | None
