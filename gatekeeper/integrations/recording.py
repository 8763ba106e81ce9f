"""Opening what records a run: in the places that are asked for, or in those of the run that goes on."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatekeeper.integrations.mlflow.client import check_mlflow, silenced
from gatekeeper.integrations.mlflow.tracking import MlflowRun, RunKey, start_run
from gatekeeper.integrations.tensorboard import TensorBoard, check_folder, check_tensorboard
from gatekeeper.training.folder import RECORDERS_FILE
from gatekeeper.training.recorder import Recorder, Warn
from schemas.disk.atomic import write_text
from schemas.disk.opening import open_regular
from schemas.errors import ReportError, UsageError
from schemas.reading.codec import decode, encode
from schemas.reading.strict_json import MAX_BYTES, dumps, loads
from schemas.text import one_line

EXPERIMENT = "gatekeeper"


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


def open_recorders(
    options: RecorderOptions, folder: Path, *, resume: bool, params: Mapping[str, Any], warn: Warn
) -> dict[str, Recorder]:
    """Make what is asked for, or what a resumed run has been recorded by so far.

    Args:
        options: of the command line.
        folder: of the run; :data:`RECORDERS_FILE` in it remembers the places.
        resume: whether the run is continued.
        params: what the training depends on, for MLflow.
        warn: told where the places of a resumed run cannot be read.

    Raises:
        UsageError: a folder of events belongs to another run, or a resumed run is in another experiment.
        OutputError: a new run cannot be recorded there. A resumed one goes on unrecorded.
    """
    before = _read(folder / RECORDERS_FILE, warn) if resume else Places()
    if before.mlflow is not None and options.experiment is not None:
        raise UsageError("--mlflow-experiment cannot change while a run is resumed; leave it out")
    events = before.tensorboard
    if options.tensorboard is not None:
        events = str(options.tensorboard.absolute())
        if events != before.tensorboard:
            check_folder(options.tensorboard)
    run = before.mlflow
    if options.mlflow and run is None:
        experiment = options.experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
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


def _read(path: Path, warn: Warn) -> Places:
    try:
        with open_regular(path) as file:
            return decode(Places, loads(file.read(MAX_BYTES + 1)), where=path.name)
    except FileNotFoundError:
        return Places()
    except (OSError, ReportError) as error:
        warn(f"warning: {path} is broken, so the run goes on without its recorders: {one_line(error)}")
        return Places()
