"""Contract of what records a training run."""

from abc import abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from schemas.records.report import Report
from trainers.contracts import Monitor

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
