"""The training behind a report: the history and the record that lie beside the model. Read without torch."""

from pathlib import Path

from gatekeeper.evaluation.extras import Absent, Training
from gatekeeper.training.folder import CONFIG_FILE, read_record
from schemas.errors import GatekeeperError
from schemas.reading.history import read_history
from schemas.records.history import HISTORY_FILE, History
from schemas.records.report import Report
from trainers.recipes.ramp import Stage, parse_ramp

LOGGED = ("lambda_eff", "gap")
"""Figures of the steps that a page draws; the loss may grow without bound."""

LARGEST = 1e9
"""As a policy's bounds have it; a plot of wilder numbers would show nothing but them, if anything."""


def find_training(folder: Path, report: Report) -> Training | Absent | None:
    """The history in ``folder``, if it is of the run that made the model of ``report``.

    No digest binds a history to a report, so recipe and kept epoch must be the same.

    Args:
        folder: where the model or its report lies.
        report: says who trained the model.

    Returns:
        The training, or why it cannot be shown; None where there is none with epochs.
    """
    trained = report.inputs.model.training
    if trained is None or trained.epoch is None:
        return None
    path = folder / HISTORY_FILE
    if not path.is_file():
        return Absent(
            f"No {HISTORY_FILE} lies beside the report, so the epochs of the training are not shown."
        )
    try:
        history = read_history(path)
    except GatekeeperError as error:
        return Absent(f"The history beside the report cannot be read: {' '.join(str(error).split())}.")
    if (history.trainer, history.best_epoch) != (trained.trainer, trained.epoch):
        return Absent(
            f"The {HISTORY_FILE} beside the report is of another run, so it is not shown: it is of "
            f"{history.trainer}, epoch {history.best_epoch}; the model is of {trained.trainer}, epoch "
            f"{trained.epoch}."
        )
    extreme = _extreme(history)
    if extreme is not None:
        return Absent(f"The {HISTORY_FILE} beside the report cannot be drawn: {extreme:g} is in it.")
    return Training(history, _ramp(folder, history.trainer))


def find_run(folder: Path, report: Report) -> str:
    """Name of ``folder`` if it is that of the run that made the model of ``report``, else ""."""
    trained = report.inputs.model.training
    if trained is None or not (folder / CONFIG_FILE).is_file():
        return ""
    try:
        return folder.resolve().name if read_record(folder).trainer == trained.trainer else ""
    except GatekeeperError:
        return ""


def _extreme(history: History) -> float | None:
    """A number that no training has, and on which no axis can be laid out; None where there is none."""
    minis = [epoch.mini for epoch in history.epochs if epoch.mini is not None]
    numbers: list[float | None] = [
        *(epoch.epoch for epoch in history.epochs),
        *(value for mini in minis for gates in mini.splits.values() for value in vars(gates).values()),
        *(steps.figures[name] for epoch in history.epochs for steps in epoch.steps for name in LOGGED),
        *(warned.epoch for warned in history.warnings),
    ]
    return next((each for each in numbers if each is not None and abs(each) > LARGEST), None)


def _ramp(folder: Path, trainer: str) -> tuple[Stage, ...] | Absent:
    if not (folder / CONFIG_FILE).is_file():
        return Absent(f"No {CONFIG_FILE} lies beside the history, so a ramp is not marked.")
    try:
        record = read_record(folder)
        text = record.settings.get("ramp")
        if record.trainer != trainer or (text is not None and not isinstance(text, str)):
            return Absent(f"The {CONFIG_FILE} beside the history is of another run, so a ramp is not marked.")
        return () if text is None else parse_ramp(text)
    except GatekeeperError as error:
        return Absent(f"The ramp is not marked: {' '.join(str(error).split())}.")
