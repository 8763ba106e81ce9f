"""What a run tells, while it trains, to whoever shows or records it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from schemas.records.history import Epoch, Steps


@dataclass(frozen=True)
class RunStart:
    """Where a run begins, or goes on.

    Attributes:
        epochs: in all. steps: of each.
        epoch: that comes next, from 1. step: already done in it.
        done: the epochs before it.
        part: means from log line to log line of the part of it that is done.
    """

    epochs: int
    steps: int
    epoch: int = 1
    step: int = 0
    done: tuple[Epoch, ...] = ()
    part: tuple[Steps, ...] = ()


@dataclass(frozen=True, eq=False)
class StepProgress:
    """A step that was just taken.

    Attributes:
        epoch: from 1. step: in it, from 1.
        samples: windows trained on in this epoch. seconds: spent on them.
        means: the figures since the last log line (name in :data:`schemas.records.history.FIGURES` -> mean).
            Asking waits for the device, so ask a few times a second, not at every step.
    """

    epoch: int
    step: int
    samples: int
    seconds: float
    means: Callable[[], Mapping[str, float]]


class Monitor:
    """Hears of everything and does nothing; a subclass answers what it cares for."""

    def begin(self, start: RunStart) -> None:
        """Before the first step; also where a run is resumed, with what it had done before."""

    def step(self, progress: StepProgress) -> None:
        """After every step. It runs between two steps, so it must be quick."""

    def interval(self, epoch: int, steps: Steps) -> None:
        """With every log line: the means since the one before."""

    def epoch(self, record: Epoch) -> None:
        """After every epoch and its Mini-5CAT, with what the history keeps of it."""
