"""What ``train ridge`` saves is what ``eval`` measures: the same numbers, at the same horizon."""

import json
from collections.abc import Callable
from pathlib import Path

import click.testing
import numpy as np
import pytest
import torch

from gates.fitting_windows import RIDGE_STRENGTHS
from schemas.reading.report import read_report

Run = Callable[..., click.testing.Result]

WIDTH, CONTEXT = 16, 5  # of the fixture ``world``


def cosines(report: Path) -> dict[str, float | None]:
    measured = read_report(report).evidence.model
    return {split: measured[split]["offset_sweep.cos"].value for split in ("val", "ood")}


def test_it_scores_what_the_ridge_control_scores(world: Path, run: Run) -> None:
    # Fewer windows than the control's limit, so with its candidates both fit the very same ones.
    flags = [part for strength in RIDGE_STRENGTHS for part in ("--strengths", str(strength))]
    run("train", "ridge", "--out", "mine", *flags)
    run("eval", "mine/best_model.pt", "--report", "mine.json")
    run("eval", "control:ridge", "--report", "control.json")
    mine, control = cosines(world / "mine.json"), cosines(world / "control.json")
    assert mine == pytest.approx(control, abs=1e-5)
    assert all(value is not None and value > 0.5 for value in mine.values())  # the world is a linear one


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (("--horizon", "1"), "the checkpoint says horizon 2, the flag says horizon 1"),
        (("--context", "4"), "the checkpoint says context 5, the flag says context 4"),
    ],
)
def test_a_flag_that_contradicts_the_checkpoint_is_refused(
    flags: tuple[str, str], line: str, world: Path, run: Run
) -> None:
    run("train", "ridge", "--out", "mine", "--horizon", "2")
    stored = torch.load(world / "mine" / "best_model.pt", weights_only=True)
    assert (stored["horizon"], stored["context"]) == (2, CONTEXT)
    result = run("eval", "mine/best_model.pt", *flags, "--report", "r.json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == f"Error: {line}; evaluate a model at what it was trained for\n"
    assert not (world / "r.json").exists()


def test_the_configuration_has_exactly_these_parts(world: Path, run: Run) -> None:
    run("train", "ridge", "--out", "mine")
    facts = json.loads((world / "mine" / "config.json").read_text())
    assert set(facts) == {
        "trainer", "settings", "data", "evaluation", "context", "horizon", "bank_sha256", "splits",
        "policy_sha256", "seeds", "environment",
    }  # fmt: skip
    # Absolute, so that the run can be resumed from any working directory.
    assert facts["data"]["bank"] == str(world / "bank.npz")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["nobody"],
            "Error: unknown trainer 'nobody'; known: nce, p1, p2, p3, p4, p5, p6, p6b, p6c, ridge\n",
        ),
        (["ridge", "--strengths", "0"], "Error: strengths must be positive numbers; found (0.0,)\n"),
        (["ridge", "--max-windows", "1"], "Error: max_windows must be at least 2; found 1\n"),
    ],
)
def test_refusals_are_these_lines(arguments: list[str], line: str, world: Path, run: Run) -> None:
    before = sorted(world.rglob("*"))
    result = run("train", *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", line)
    assert sorted(world.rglob("*")) == before


def test_a_bank_of_another_width_is_refused(world: Path, run: Run) -> None:
    run("train", "ridge", "--out", "mine")
    with np.load(world / "bank.npz") as bank:
        content = {name: bank[name] for name in bank.files}
    np.savez(world / "bank.npz", **{**content, "vectors": content["vectors"][:, :12]})
    result = run("eval", "mine/best_model.pt")
    assert result.exit_code == 3
    assert "reads vectors of width 16, the bank has width 12" in result.stderr


def test_a_damaged_model_is_refused_in_one_line(world: Path, run: Run) -> None:
    run("train", "ridge", "--out", "mine")
    path = world / "mine" / "best_model.pt"
    content = torch.load(path, weights_only=True)
    content["model_state_dict"]["projection.weight"][0, 0] += 1.0
    torch.save(content, path)
    result = run("eval", "mine/best_model.pt")
    assert result.exit_code == 3
    assert "answers the stored probe differently" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
