"""What records a training run: its contract, and several of them as one, closed however the run ends."""

import contextlib
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from schemas.errors import Interrupted
from schemas.records.history import Epoch, Steps
from schemas.records.report import Report
from schemas.text import one_line
from trainers.contracts import Monitor, RunStart, StepProgress

Warn = Callable[[str], None]
"""Takes a line that is said however quiet all shall be."""

Ending = Literal["FINISHED", "FAILED", "KILLED"]
"""How a run ended, in MLflow's words: done, an error, interrupted."""


@dataclass(frozen=True)
class End:
    """What a run left.

    Attributes:
        ending: how it ended.
        files: that exist: configuration, history, report and model.
        report: of the final evaluation, where there was one.
    """

    ending: Ending
    files: tuple[Path, ...] = field(default=())
    report: Report | None = None


class Recorder(Monitor):
    """A monitor that keeps what it hears. It may raise whatever it likes: the run goes on without it."""

    @abstractmethod
    def close(self, end: End) -> None:
        """After the final evaluation, or whenever the run ended before it."""


class View(Monitor):
    """A monitor that shows what it hears."""

    @abstractmethod
    def erase(self) -> None:
        """Take away what is shown; called once the model is trained, and however the training ends."""


class Recorders(Monitor):
    """Several monitors as one; one that fails is left out from then on, and the run goes on.

    Args:
        members: name for people -> monitor.
        warn: takes the one line that says so.
    """

    def __init__(self, members: Mapping[str, Monitor], warn: Warn) -> None:
        self.report: Report | None = None
        self._members, self._warn = dict(members), warn

    def begin(self, start: RunStart) -> None:
        """Pass it on."""
        self._each(lambda member: member.begin(start))

    def step(self, progress: StepProgress) -> None:
        """Pass it on."""
        self._each(lambda member: member.step(progress))

    def interval(self, epoch: int, steps: Steps) -> None:
        """Pass it on."""
        self._each(lambda member: member.interval(epoch, steps))

    def epoch(self, record: Epoch) -> None:
        """Pass it on."""
        self._each(lambda member: member.epoch(record))

    def close(self, end: End) -> None:
        """Close the recorders among them."""
        self._each(lambda member: member.close(end) if isinstance(member, Recorder) else None)

    def _each(self, tell: Callable[[Monitor], None]) -> None:
        for name, member in tuple(self._members.items()):
            try:
                tell(member)
            except Exception as error:  # noqa: BLE001  (whatever it is, hours of training are worth more)
                del self._members[name]
                self._warn(
                    f"warning: {name} failed and is left out from now on; the training goes on: "
                    f"{one_line(error)}"
                )


@contextlib.contextmanager
def closing(recorders: Recorders, files: tuple[Path, ...]) -> Iterator[None]:
    """Close the recorders after the block, however it ends.

    Args:
        recorders: whose ``report`` is that of the final evaluation by then.
        files: that the run may leave.
    """
    ending: Ending = "FAILED"
    try:
        yield
        ending = "FINISHED"
    except Interrupted:
        ending = "KILLED"
        raise
    finally:
        recorders.close(End(ending, tuple(file for file in files if file.is_file()), recorders.report))
