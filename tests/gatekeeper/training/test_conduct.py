"""A run from its plan to its folder: who hears of it, in which order, and that nobody else does."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.training.conduct import run_training
from gatekeeper.training.folder import RECORDED
from gatekeeper.training.plan import Plan
from gatekeeper.training.recorder import End, Recorder, View
from schemas.disk.lock import locked
from schemas.errors import OutputError, UsageError
from schemas.reading.report import read_report
from schemas.records.history import HISTORY_FILE
from tests.gatekeeper.training.conftest import Heard
from trainers.contracts import MODEL_FILE, Trained, TrainingJob
from trainers.processes import Group

MakePlan = Callable[..., Plan]


class Watching(View):
    def __init__(self) -> None:
        self.erased = 0

    def erase(self) -> None:
        self.erased += 1


class Keeping(Recorder):
    def close(self, end: End) -> None:
        self.end = end


class Failing:
    """A recipe that trains nothing."""

    name = "failing"

    def __init__(self, plan: Plan) -> None:
        self.architecture_of = plan.recipe.architecture_of

    def fit(self, job: TrainingJob, settings: object) -> Trained:
        raise OutputError("the disk is full")


def test_a_run_leaves_its_files_and_says_nothing_of_itself(
    plan: MakePlan, heard: Heard, capfd: pytest.CaptureFixture[str]
) -> None:
    view, recorder = Watching(), Keeping()
    found: list[list[str]] = []

    def open_recorders(folder: Path) -> Mapping[str, Recorder]:
        with pytest.raises(UsageError), locked(folder, "run"):
            raise AssertionError("the folder is not locked")
        found.append(sorted(path.name for path in folder.iterdir()))
        return {"it": recorder}

    made = plan(out=Path("mine"))
    audience = heard.audience(open_recorders=open_recorders, view=view)
    result = run_training(made, Group(), audience, out=Path("mine"), illustrated=False)
    assert capfd.readouterr() == ("", "")
    assert found == [[".lock", "config.json"]]
    left = {path.name for path in Path("mine").iterdir()}
    assert set(RECORDED) - {HISTORY_FILE} <= left  # a recipe without epochs has no history
    assert (result.folder, result.extras, view.erased) == (Path("mine"), None, 1)
    assert result.trained.summary.startswith("ridge on ")
    assert result.report == read_report(Path("mine/5cat_results.json"))
    assert recorder.end.ending == "FINISHED"
    assert recorder.end.report == result.report
    assert heard.measured == ["final evaluation: controls", f"final evaluation: {MODEL_FILE}"]


def test_a_run_that_fails_is_closed_and_taken_from_the_screen(plan: MakePlan, heard: Heard) -> None:
    made = plan()
    failing: Any = Failing(made)
    view, recorder = Watching(), Keeping()
    audience = heard.audience(open_recorders=lambda folder: {"it": recorder}, view=view)
    with pytest.raises(OutputError, match="the disk is full"):
        run_training(
            dataclasses.replace(made, recipe=failing), Group(), audience, out=None, illustrated=False
        )
    (folder,) = Path("runs").iterdir()
    assert (view.erased, recorder.end.ending, recorder.end.report) == (1, "FAILED", None)
    assert recorder.end.files == (folder / "config.json",)


def test_recorders_that_cannot_be_opened_cost_no_training(plan: MakePlan, heard: Heard) -> None:
    def refuse(folder: Path) -> Mapping[str, Recorder]:
        raise UsageError("the folder of events belongs to another run")

    with pytest.raises(UsageError, match="belongs to another run"):
        run_training(
            plan(), Group(), heard.audience(open_recorders=refuse), out=Path("mine"), illustrated=False
        )
    assert sorted(path.name for path in Path("mine").iterdir()) == [".lock", "config.json"]


def test_a_resumed_run_keeps_its_record(plan: MakePlan, heard: Heard) -> None:
    run_training(plan(), Group(), heard.audience(), out=Path("mine"), illustrated=False)
    record = Path("mine/config.json").read_bytes()
    result = run_training(plan(resume=Path("mine")), Group(), heard.audience(), out=None, illustrated=True)
    assert Path("mine/config.json").read_bytes() == record
    assert json.loads(record)["trainer"] == "ridge"
    assert result.extras is not None
    assert result.folder == Path("mine")
