"""The recorders of a run: opened before it, guarded while it trains, closed however it ends."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatekeeper.integrations.mlflow.client import check_mlflow, one_line, silenced
from gatekeeper.integrations.mlflow.tracking import MlflowRun, RunKey, start_run
from gatekeeper.integrations.tensorboard import TensorBoard, check_folder, check_tensorboard
from gatekeeper.training.folder import RECORDERS_FILE
from gatekeeper.training.recorder import End, Ending, Recorder
from schemas.disk.atomic import write_text
from schemas.disk.opening import open_regular
from schemas.errors import Interrupted, ReportError, UsageError
from schemas.reading.codec import decode, encode
from schemas.reading.strict_json import MAX_BYTES, dumps, loads
from schemas.records.history import Epoch, Steps
from schemas.records.report import Report
from trainers.contracts import Monitor, RunStart, StepProgress

EXPERIMENT = "gatekeeper"

Warn = Callable[[str], None]


@dataclass(frozen=True)
class RecorderOptions:
    """What the command line asks for.

    Attributes:
        tensorboard: folder of the events. mlflow: log to MLflow. experiment: of MLflow's.
    """

    tensorboard: Path | None = None
    mlflow: bool = False
    experiment: str | None = None

    def check(self) -> None:
        """Refuse before anything is loaded.

        Raises:
            UsageError: an extra is missing, or a flag would have no effect.
        """
        if self.experiment is not None and not self.mlflow:
            raise UsageError("--mlflow-experiment has no effect without --mlflow")
        if self.tensorboard is not None:
            check_tensorboard()
        if self.mlflow:
            with silenced():
                check_mlflow()


@dataclass(frozen=True)
class Places:
    """Where a run is recorded.

    Attributes:
        tensorboard: folder of the events, absolute. mlflow: its run there.
    """

    tensorboard: str | None = None
    mlflow: RunKey | None = None


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
                    f"⚠️  {name} failed and is left out from now on; the training goes on: {one_line(error)}"
                )


def open_recorders(
    wanted: RecorderOptions, folder: Path, *, resume: bool, params: Mapping[str, Any], warn: Warn
) -> dict[str, Recorder]:
    """Make what is asked for, or what a resumed run has been recorded by so far.

    Args:
        wanted: by the command line.
        folder: of the run; :data:`RECORDERS_FILE` in it remembers the places.
        resume: whether the run is continued.
        params: what the training depends on, for MLflow.
        warn: told where the places of a resumed run cannot be read.

    Raises:
        UsageError: a folder of events belongs to another run, or a resumed run is in another experiment.
        OutputError: a new run cannot be recorded there. A resumed one goes on unrecorded.
    """
    before = _read(folder / RECORDERS_FILE, warn) if resume else Places()
    if before.mlflow is not None and wanted.experiment is not None:
        raise UsageError("--mlflow-experiment cannot change while a run is resumed; leave it out")
    events = before.tensorboard
    if wanted.tensorboard is not None:
        events = str(wanted.tensorboard.absolute())
        if events != before.tensorboard:
            check_folder(wanted.tensorboard)
    run = before.mlflow
    if wanted.mlflow and run is None:
        experiment = wanted.experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
        run = start_run(experiment, folder.absolute().name, params)
    now = Places(events, run)
    if now != before:
        write_text(folder / RECORDERS_FILE, dumps(encode(now, where=RECORDERS_FILE)), own=1)
    members: dict[str, Recorder] = {}
    if events is not None:
        members["TensorBoard"] = TensorBoard(Path(events), known=events == before.tensorboard)
    if run is not None:
        members["MLflow"] = MlflowRun(run)
    return members


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


def _read(path: Path, warn: Warn) -> Places:
    try:
        with open_regular(path) as file:
            return decode(Places, loads(file.read(MAX_BYTES + 1)), where=path.name)
    except FileNotFoundError:
        return Places()
    except (OSError, ReportError) as error:
        warn(f"⚠️  {path} is broken, so the run goes on without its recorders: {one_line(error)}")
        return Places()
