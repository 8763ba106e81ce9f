"""What a recipe brings to the loop."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from gates.contracts import IntArray
from trainers.loop.mini_5cat import MiniResult
from trainers.loop.noise import Noise
from trainers.loop.objective import Objective


@dataclass(frozen=True, eq=False)
class Parts:
    """What a run is put together from.

    Attributes:
        objective: what is minimised.
        dress: a fresh network -> the module that is trained: a wrapper of it, or itself.
        extra_inputs: how many numbers a chunk that wrapper appends.
        noise: what becomes of some last chunks before the model sees them; None leaves them alone.
        chosen: the last rows of the train windows of this epoch; None where all are meant.
        stop: what the gates found after an epoch -> why the training is over, "" while it goes on.
    """

    objective: Objective
    dress: Callable[[nn.Module], nn.Module]
    extra_inputs: int
    noise: Noise | None
    chosen: Callable[[], IntArray | None]
    stop: Callable[[MiniResult], str]
