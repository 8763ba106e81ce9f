"""``train --tensorboard``: what the history keeps, as curves; also over an interruption, and never twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click.testing
import numpy as np
import pytest

from gatekeeper.training.curves import epoch_figures, final_figures
from schemas.errors import OutputError
from schemas.reading.history import read_history
from schemas.reading.report import read_report
from tests.gatekeeper.integrations.conftest import SMALL, STEPS
from trainers.checkpoints.saved_states import Store

pytest.importorskip("tensorboard")

Run = Callable[..., click.testing.Result]
Interrupt = Callable[[tuple[int, int] | None], None]
Curves = dict[str, list[tuple[int, float]]]


def curves(folder: Path) -> Curves:
    """Tag -> (step, value), as TensorBoard itself reads them."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    return {
        tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]
    }


def expected(run: Path) -> Curves:
    """The same from the run's history, where it has one, and its report, where it came to one."""
    found: Curves = {}
    history = run / "training_history.json"
    epochs = read_history(history).epochs if history.exists() else ()
    for record in epochs:
        for steps in record.steps:
            for name, value in steps.figures.items():
                at = (record.epoch - 1) * STEPS + steps.step
                found.setdefault(f"train/{name}", []).append((at, float(np.float32(value))))
        for name, value in epoch_figures(record).items():
            found.setdefault(name, []).append((record.epoch * STEPS, float(np.float32(value))))
    if (run / "5cat_results.json").exists():
        for name, value in final_figures(read_report(run / "5cat_results.json")).items():
            found[name] = [(len(epochs) * STEPS + 1, float(np.float32(value)))]
    return found


def test_the_curves_are_those_of_the_history(world: Path, run: Run) -> None:
    result = run("train", "p6b", *SMALL, "--epochs", "2", "--out", "mine", "--tensorboard", "curves")
    assert result.exit_code in (0, 1), result.output
    found = curves(world / "curves")
    assert found == expected(world / "mine")
    assert [step for step, _ in found["train/loss"]] == [2, 4, 6, 7, 9, 11, 13, 14]
    assert [step for step, _ in found["val/margin"]] == [7, 14]
    assert {"train/gap", "train/lambda_eff", "train/lr", "ood/recall", "gates/passed"} <= found.keys()


def test_a_recipe_without_epochs_writes_what_its_final_evaluation_found(world: Path, run: Run) -> None:
    result = run("train", "ridge", "--out", "mine", "--tensorboard", "curves")
    assert result.exit_code in (0, 1), result.output
    found = curves(world / "curves")
    assert found == expected(world / "mine")
    assert {"final/val/offset_sweep.margin", "final/ood/retrieval.article.r_at_5"} <= found.keys()
    assert {step for curve in found.values() for step, _ in curve} == {1}


@pytest.mark.parametrize("recipe", ["ridge", "p6b"])
def test_a_finished_run_that_is_resumed_has_its_final_figures_once(
    recipe: str, world: Path, run: Run
) -> None:
    flags = () if recipe == "ridge" else (*SMALL, "--epochs", "1")
    run("train", recipe, *flags, "--out", "mine", "--tensorboard", "curves")
    again = run("train", recipe, "--resume", "mine")
    assert again.exit_code in (0, 1), again.output
    assert curves(world / "curves") == expected(world / "mine")


@pytest.mark.parametrize("flags", [(), ("--tensorboard", "curves")], ids=["as before", "named again"])
def test_a_resumed_run_continues_its_curves(
    flags: tuple[str, ...], world: Path, run: Run, interrupt: Interrupt
) -> None:
    interrupt((2, 5))
    first = run("train", "p6b", *SMALL, "--epochs", "3", "--out", "mine", "--tensorboard", "curves")
    assert first.exit_code == 4, first.output
    assert curves(world / "curves")["train/loss"]
    interrupt(None)
    second = run("train", "p6b", "--resume", "mine", *flags)
    assert second.exit_code in (0, 1), second.output
    assert curves(world / "curves") == expected(world / "mine")


def test_what_a_killed_run_had_written_beyond_its_last_state_is_not_doubled(
    world: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    saves: list[int] = []
    whole = Store.save

    def dying(self: Store, saved: Any, *, epoch: int, step: int) -> None:  # noqa: ANN401
        saves.append(step)
        if len(saves) == 5:
            raise OutputError("the disk is full")
        whole(self, saved, epoch=epoch, step=step)

    monkeypatch.setattr(Store, "save", dying)
    first = run("train", "p6b", *SMALL, "--epochs", "3", "--out", "mine", "--tensorboard", "curves")
    assert first.exit_code == 3, first.output
    before = curves(world / "curves")["train/loss"]
    monkeypatch.setattr(Store, "save", whole)
    second = run("train", "p6b", "--resume", "mine")
    assert second.exit_code in (0, 1), second.output
    found = curves(world / "curves")
    assert found == expected(world / "mine")
    assert before == found["train/loss"][: len(before)]


def test_a_run_that_is_recorded_only_when_resumed_gets_its_whole_curves(
    world: Path, run: Run, interrupt: Interrupt
) -> None:
    interrupt((2, 5))
    assert run("train", "p6b", *SMALL, "--epochs", "3", "--out", "mine").exit_code == 4
    assert not (world / "mine" / "recorders.json").exists()
    interrupt(None)
    result = run("train", "p6b", "--resume", "mine", "--tensorboard", "curves")
    assert result.exit_code in (0, 1), result.output
    assert curves(world / "curves") == expected(world / "mine")


def test_a_folder_of_another_run_is_refused_before_training(world: Path, run: Run) -> None:
    run("train", "p6b", *SMALL, "--epochs", "1", "--out", "mine", "--tensorboard", "curves")
    result = run("train", "p6b", *SMALL, "--epochs", "1", "--out", "other", "--tensorboard", "curves")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "Error: curves holds the curves of another run; name a folder of its own with --tensorboard "
        "(tensorboard --logdir of the folder above shows all side by side)\n"
    )
    assert not (world / "other" / "best_model.pt").exists()


def test_a_folder_that_cannot_be_made_is_refused_before_training(world: Path, run: Run) -> None:
    result = run("train", "p6b", *SMALL, "--out", "mine", "--tensorboard", "bank.npz/curves")
    assert result.exit_code == 3
    assert result.stderr == "Error: the TensorBoard folder bank.npz/curves cannot be made: Not a directory\n"
    assert not (world / "mine" / "best_model.pt").exists()


@pytest.mark.parametrize("at", [1, 6])
def test_a_full_disk_costs_the_curves_and_not_the_training(
    at: int, world: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tensorboard.summary.writer.record_writer import RecordWriter

    write, written = RecordWriter.write, []

    def full(self: RecordWriter, data: bytes) -> None:
        written.append(data)
        if len(written) >= at:
            raise OSError(28, "No space left on device")
        write(self, data)

    monkeypatch.setattr(RecordWriter, "write", full)
    result = run("train", "p6b", *SMALL, "--epochs", "2", "--out", "mine", "--tensorboard", "curves")
    assert result.exit_code in (0, 1), result.output
    warnings = [line for line in result.stderr.splitlines() if "TensorBoard" in line]
    assert warnings == [
        "warning: TensorBoard failed and is left out from now on; the training goes on: "
        "[Errno 28] No space left on device"
    ]
    assert len(read_history(world / "mine" / "training_history.json").epochs) == 2
    assert (world / "mine" / "5cat_results.json").exists()


def test_a_missing_extra_is_one_line_before_anything_is_done(
    world: Path, run: Run, without: Callable[[str], None]
) -> None:
    without("tensorboard")
    result = run("train", "p6b", *SMALL, "--out", "mine", "--tensorboard", "curves", "--bank", "missing.npz")
    assert (result.exit_code, result.stdout) == (2, "")
    assert (
        result.stderr == "Error: tensorboard is not installed; pip install 'gatekeeper-5cat[tensorboard]'\n"
    )
    assert not (world / "mine").exists()
    assert not (world / "curves").exists()
