"""The history beside a report is shown only if it is of the run that made the model."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.evaluation.extras import Absent, Extras, Training
from gatekeeper.render.page.page import render_page
from gatekeeper.training.folder import RunRecord, write_record
from gatekeeper.training.history import find_run, find_training
from schemas.reading.history import write_history
from schemas.records.model import TrainedBy
from schemas.records.report import Report
from tests.gatekeeper.render.page.pages import history, report_of
from trainers.recipes.ramp import Stage

RECORD = RunRecord("p6b", {"ramp": "1:0.02:0.4,3:0.05:1"}, {}, {}, 5, 2, "a", {}, "b", [0], {})


def trained(trainer: str = "p6b", epoch: int | None = 2) -> Report:
    report = report_of()
    model = replace(report.inputs.model, training=TrainedBy(trainer, epoch, "a rule", "val"))
    return replace(report, inputs=replace(report.inputs, model=model))


def put(folder: Path, record: RunRecord | None = RECORD) -> None:
    write_history(history(), folder / "training_history.json")
    if record is not None:
        write_record(folder, record)


def test_history_and_ramp_of_the_run(tmp_path: Path) -> None:
    put(tmp_path)
    found = find_training(tmp_path, trained())
    assert found == Training(history(), (Stage(1, 0.02, 0.4), Stage(3, 0.05, 1.0)))


def test_a_report_without_a_training(tmp_path: Path) -> None:
    put(tmp_path)
    report = trained()
    model = replace(report.inputs.model, training=None)
    assert find_training(tmp_path, replace(report, inputs=replace(report.inputs, model=model))) is None


def test_a_recipe_without_epochs(tmp_path: Path) -> None:
    put(tmp_path)
    assert find_training(tmp_path, trained("ridge", None)) is None


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (
            trained("p6", 2),
            "The training_history.json beside the report is of another run, so it is not shown: it is of "
            "p6b, epoch 2; the model is of p6, epoch 2.",
        ),
        (
            trained("p6b", 3),
            "The training_history.json beside the report is of another run, so it is not shown: it is of "
            "p6b, epoch 2; the model is of p6b, epoch 3.",
        ),
    ],
)
def test_a_history_of_something_else(tmp_path: Path, report: Report, sentence: str) -> None:
    put(tmp_path)
    assert find_training(tmp_path, report) == Absent(sentence)


def test_no_history(tmp_path: Path) -> None:
    assert find_training(tmp_path, trained()) == Absent(
        "No training_history.json lies beside the report, so the epochs of the training are not shown."
    )


def test_a_broken_history(tmp_path: Path) -> None:
    (tmp_path / "training_history.json").write_text("{")
    found = find_training(tmp_path, trained())
    assert isinstance(found, Absent)
    assert found.sentence.startswith("The history beside the report cannot be read: ")
    assert "\n" not in found.sentence


def remove(folder: Path) -> None:
    (folder / "config.json").unlink()


def damage(folder: Path) -> None:
    (folder / "config.json").write_text("[]")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (remove, "No config.json lies beside the history, so a ramp is not marked."),
        (damage, "The ramp is not marked: "),
        (
            lambda folder: write_record(folder, replace(RECORD, trainer="p6c")),
            "The config.json beside the history is of another run, so a ramp is not marked.",
        ),
        (
            lambda folder: write_record(folder, replace(RECORD, settings={"ramp": 7})),
            "The config.json beside the history is of another run, so a ramp is not marked.",
        ),
        (
            lambda folder: write_record(folder, replace(RECORD, settings={"ramp": "7"})),
            "The ramp is not marked: a ramp is written first epoch:margin:share",
        ),
    ],
)
def test_a_ramp_that_is_not_known_is_said(
    tmp_path: Path, change: Callable[[Path], None], sentence: str
) -> None:
    put(tmp_path)
    change(tmp_path)
    found = find_training(tmp_path, trained())
    assert isinstance(found, Training)
    assert found.history == history()
    assert isinstance(found.ramp, Absent)
    assert found.ramp.sentence.startswith(sentence)


def test_a_recipe_without_a_ramp(tmp_path: Path) -> None:
    put(tmp_path, replace(RECORD, settings={}))
    assert find_training(tmp_path, trained()) == Training(history(), ())


def test_the_run_has_the_name_of_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gru_p6b_20260102_030405"
    folder.mkdir()
    write_record(folder, RECORD)
    assert find_run(folder, trained()) == "gru_p6b_20260102_030405"
    monkeypatch.chdir(folder)
    assert find_run(Path(), trained()) == "gru_p6b_20260102_030405"


@pytest.mark.parametrize(
    "change", [remove, damage, lambda folder: write_record(folder, replace(RECORD, trainer="p6c"))]
)
def test_a_folder_that_is_not_of_the_run_names_nothing(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    put(tmp_path)
    change(tmp_path)
    assert find_run(tmp_path, trained()) == ""


@pytest.mark.parametrize(
    ("changed", "drawn"),
    [("margin", False), ("gap", False), ("epoch", False), ("loss", True)],  # a loss is not drawn
)
def test_numbers_that_no_axis_can_hold(changed: str, drawn: bool, tmp_path: Path) -> None:
    put(tmp_path)
    path = tmp_path / "training_history.json"
    value = json.loads(path.read_text(encoding="utf-8"))
    first = value["epochs"][0]
    holder = {"margin": first["mini"]["splits"]["val"], "epoch": value["epochs"][-1]}
    holder.get(changed, first["steps"][0]["figures"])[changed] = 10**19 if changed == "epoch" else -1.7e308
    path.write_text(json.dumps(value), encoding="utf-8")
    found = find_training(tmp_path, trained())
    shown = "1e+19" if changed == "epoch" else "-1.7e+308"
    sentence = f"The training_history.json beside the report cannot be drawn: {shown} is in it."
    assert isinstance(found, Training) if drawn else found == Absent(sentence)
    render_page(trained(), Extras(Absent("a"), Absent("b"), found))  # and without a warning
