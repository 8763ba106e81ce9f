"""Scalars for TensorBoard, written with its own record writer and without its background thread.

Every event is on the disk when the call returns, so that a killed run keeps its curves, and a full disk
raises where it can be dealt with.
"""

import contextlib
import importlib
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatekeeper.config.extras import from_extra
from gatekeeper.training.curves import epoch_figures, final_figures
from gatekeeper.training.recorder import End, Recorder
from schemas.errors import OutputError, UsageError
from schemas.records.history import Epoch, Steps
from trainers.contracts import RunStart

if TYPE_CHECKING:
    from tensorboard.summary.writer.record_writer import RecordWriter

_FILE_VERSION = "brain.Event:2"
"""The first event of every file says so."""


def check_tensorboard() -> None:
    """Refuse what could not be written later.

    Raises:
        UsageError: TensorBoard is not installed.
    """
    with from_extra("tensorboard"):
        importlib.import_module("tensorboard.summary.writer.record_writer")


def check_folder(folder: Path) -> None:
    """Refuse a folder in which two curves would run into one another.

    Raises:
        UsageError: it holds events already. OutputError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = sorted(folder.glob("*tfevents*"))
    except OSError as error:
        raise OutputError(f"the TensorBoard folder {folder} cannot be made: {error.strerror}") from None
    if found:
        raise UsageError(
            f"{folder} holds the curves of another run; name a folder of its own with --tensorboard "
            "(tensorboard --logdir of the folder above shows all side by side)"
        )


class TensorBoard(Recorder):
    """Writes events into a folder; the x axis counts steps from the start of the training.

    Args:
        folder: where the event files go.
        known: the run has written there before, up to where it is resumed. Otherwise everything it has
            done so far is written first.
    """

    def __init__(self, folder: Path, *, known: bool) -> None:
        self._folder, self._known, self._steps, self._last = folder, known, 0, 0
        self._writer: RecordWriter | None = None

    def begin(self, start: RunStart) -> None:
        """Open a file of events; whatever was written beyond this point is taken back."""
        self._steps = start.steps
        self._open((start.epoch - 1) * start.steps + start.step)
        if self._known:
            return
        for record in start.done:
            for steps in record.steps:
                self.interval(record.epoch, steps)
            self.epoch(record)
        for steps in start.part:
            self.interval(start.epoch, steps)

    def interval(self, epoch: int, steps: Steps) -> None:
        """The figures of the loss."""
        at = (epoch - 1) * self._steps + steps.step
        self._write({f"train/{name}": value for name, value in steps.figures.items()}, at)

    def epoch(self, record: Epoch) -> None:
        """Learning rate, speed, and what the gates measured on each split."""
        self._write(epoch_figures(record), record.epoch * self._steps)

    def close(self, end: End) -> None:
        """Write the figures of the final evaluation, one step after the last, and close the file."""
        if end.report is not None:
            if self._writer is None:  # the recipe takes no steps
                self._open(0)
            self._write(final_figures(end.report), self._last + 1)
        if self._writer is not None:
            self._writer.close()

    def _open(self, at: int) -> None:
        """Begin a file for what follows step ``at``."""
        from tensorboard.compat.proto.event_pb2 import SessionLog
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._last = at
        name = f"events.out.tfevents.{time.time_ns() // 1_000_000_000:010d}.{socket.gethostname()}"
        path = self._folder / f"{name}.{os.getpid()}.{time.time_ns()}"
        self._writer = RecordWriter(path.open("xb"))
        self._add(file_version=_FILE_VERSION)
        if self._known:
            # Readers drop what earlier files hold from this step on.
            self._add(step=at + 1, session_log=SessionLog(status=SessionLog.START))

    def _write(self, values: Mapping[str, float], at: int) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._last = at
        rows = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        self._add(step=at, summary=Summary(value=rows))

    def _add(self, **content: Any) -> None:  # noqa: ANN401  (the fields of an event)
        from tensorboard.compat.proto.event_pb2 import Event

        if self._writer is None:
            return
        try:
            self._writer.write(Event(wall_time=time.time(), **content).SerializeToString())
            self._writer.flush()
        except OSError:
            writer, self._writer = self._writer, None
            with contextlib.suppress(OSError):  # it would write what it still holds
                writer.close()
            raise
