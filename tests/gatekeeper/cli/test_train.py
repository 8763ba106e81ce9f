"""``gatekeeper train``: from a bank on disk to a run folder that ``gatekeeper eval`` accepts."""

import json
import re
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path

import click.testing
import pytest
import torch

from schemas.reading.report import read_report
from tests.gatekeeper.cli.refusals import refused
from tests.gatekeeper.cli.walks import WIDTH, write_walks

Run = Callable[..., click.testing.Result]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a bank of random walks and a ``gatekeeper.toml``."""
    write_walks(tmp_path, articles=18)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_says_what_was_chosen_and_what_comes_next(world: Path, run: Run) -> None:
    result = run("train", "ridge", "--out", "mine")
    assert result.exit_code == 1, result.output  # random walks: no model can point forward
    lines = result.stdout.splitlines()
    assert len(lines) <= 24
    assert lines[0].startswith("BLOCKED: ")
    assert lines[1] == "mine/best_model.pt (linear, 328 parameters)"
    # 6 articles of 35 windows
    assert any(line.startswith("Trained ridge on 210 windows: strength ") for line in lines)
    assert lines[-2:] == [
        "Report  mine/5cat_results.json",
        "        all 59 rows: gatekeeper report FILE --full; page: --html FILE",
    ]
    assert "model: mine/best_model.pt" in result.stderr.splitlines()


def test_all_of_a_run_is_told_where_that_is_asked_for(world: Path, run: Run) -> None:
    lines = run("train", "ridge", "--out", "mine", "--full").stdout.splitlines()
    assert lines[0].startswith("ridge on 210 windows: strength ")
    assert any(line.startswith("BLOCKED: ") for line in lines)
    rows = ("A  ", "B  ", "C  ", "D  ", "E  ", "bias  ", "data  ", "shape  ")
    assert sum(line.startswith(rows) for line in lines) == 59
    assert lines[-3:] == [
        "model: mine/best_model.pt",
        "report: mine/5cat_results.json",
        "next: gatekeeper eval mine/best_model.pt",
    ]
    assert sorted(file.name for file in (world / "mine").iterdir()) == [
        ".lock",
        "5cat_results.json",
        "5cat_results.scores.npz",
        "best_model.pt",
        "config.json",
    ]


def test_the_model_is_evaluated_at_what_it_was_trained_for(world: Path, run: Run) -> None:
    run("train", "ridge", "--out", "mine", "--horizon", "2", "--context", "3")
    result = run("eval", "mine/best_model.pt")
    assert result.exit_code == 1, result.output
    report = read_report(world / "mine" / "best_model.report.json")
    assert (report.settings.context, report.settings.horizon) == (3, 2)
    assert report.settings.horizon_source == "checkpoint"
    assert report.inputs.model.kind == "checkpoint"
    assert report.inputs.model.architecture == "linear"
    assert report.inputs.model.fingerprint == "verified"
    assert report.inputs.model.parameters == 3 * WIDTH * WIDTH + WIDTH


def test_the_configuration_says_how_it_was_made(world: Path, run: Run) -> None:
    run("train", "ridge", "--out", "mine", "--strengths", "0.5", "--strengths", "0.01", "--seed", "9")
    facts = json.loads((world / "mine" / "config.json").read_text())
    assert facts["trainer"] == "ridge"
    assert facts["settings"] == {"strengths": [0.5, 0.01], "holdout": 0.2, "max_windows": 100000}
    assert (facts["seeds"], facts["evaluation"]["seed"]) == ([9], 0)
    assert (facts["context"], facts["horizon"]) == (5, 1)
    assert facts["data"]["bank"] == str(world / "bank.npz")
    assert facts["data"]["train"] == "0-5"
    assert re.fullmatch("[0-9a-f]{64}", facts["bank_sha256"])
    assert set(facts["splits"]) == {"train", "val", "ood"}
    stored = torch.load(world / "mine" / "best_model.pt", weights_only=True)
    assert stored["strength"] in facts["settings"]["strengths"]


def test_the_same_seed_gives_the_same_model(world: Path, run: Run) -> None:
    for name in ("a", "b"):
        run("train", "ridge", "--out", name, "--max-windows", "100", "--seed", "4")
    first, second = (
        torch.load(world / name / "best_model.pt", weights_only=True)["model_state_dict"] for name in "ab"
    )
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_a_run_folder_is_named_after_the_run(world: Path, run: Run) -> None:
    result = run("train", "ridge")
    assert result.exit_code == 1, result.output
    (folder,) = (world / "runs").iterdir()
    assert re.fullmatch(r"linear_ridge_\d{8}_\d{6}", folder.name)
    assert f"model: runs/{folder.name}/best_model.pt" in result.stderr.splitlines()


def test_a_trained_model_is_never_overwritten(world: Path, run: Run) -> None:
    run("train", "ridge", "--out", "mine")
    before = (world / "mine" / "best_model.pt").read_bytes()
    result = run("train", "ridge", "--out", "mine", "--seed", "5")
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: mine/best_model.pt exists; continue it with --resume or name another folder\n"
    )
    assert (world / "mine" / "best_model.pt").read_bytes() == before


def test_every_setting_is_a_flag_with_its_help(run: Run) -> None:
    text = " ".join(run("train", "ridge", "--help").stdout.split())
    assert "--strengths FLOAT Candidate regularisation strengths" in text
    assert "[0.0001 0.001 0.01 0.1] (repeatable)." in text
    assert "--holdout FLOAT Share of train articles that choose the strength [0.2]." in text
    assert "--max-windows INTEGER" in text


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["rigde"], 2, "unknown trainer 'rigde'; did you mean 'ridge'? known: "),
        (["ridge", "--holdout", "1.5"], 2, "holdout must lie between 0 and 1; found 1.5"),
        (["ridge", "--strengths", "nan"], 2, "strengths must be positive numbers"),
        (["ridge", "--seed", "-1"], 2, "seed"),
        (["ridge", "--device", "quantum"], 2, "device 'quantum' cannot be used"),
        (["ridge", "--train", "3"], 3, "at least 2 articles"),
        (["ridge", "--bank", "missing.npz"], 3, "missing.npz"),
        (["ridge", "--train", "0-6"], 3, "share"),
        (["ridge", "--out", "bank.npz"], 3, "the run folder bank.npz cannot be made"),
    ],
)
def test_bad_requests_end_in_one_line(
    world: Path, run: Run, arguments: list[str], code: int, line: str
) -> None:
    assert line in refused(run("train", *arguments), code)
    assert not list(world.rglob("best_model.pt"))


def test_a_bank_without_a_train_split_is_refused(world: Path, run: Run) -> None:
    (world / "gatekeeper.toml").write_text('[data]\nbank = "bank.npz"\nval = "6-11"\n')
    result = run("train", "ridge")
    assert result.exit_code == 3
    assert "training needs a train split; name it with --train" in result.stderr


def test_two_runs_of_one_second_do_not_share_a_folder(
    world: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Stopped":
            return cls(2026, 1, 2, 3, 4, 5, tzinfo=tz)

    monkeypatch.setattr("gatekeeper.training.folder.datetime", Stopped)
    first = run("train", "ridge")
    assert "model: runs/linear_ridge_20260102_030405/best_model.pt" in first.stderr.splitlines()
    for name in ("best_model.pt", "config.json"):  # only just made
        (world / "runs" / "linear_ridge_20260102_030405" / name).unlink()
    second = run("train", "ridge")
    assert second.exit_code == 2
    assert "runs/linear_ridge_20260102_030405 exists already" in second.stderr


def test_articles_too_few_for_any_weights_are_told_before_they_are_trained(world: Path, run: Run) -> None:
    result = run("train", "ridge", "--out", "mine", "--policy", "skill")
    assert result.exit_code == 3
    few = "has 6 articles, fewer than the 12 an interval needs to decide, and the policy skill decides by"
    told = [
        f"warning: no weights can pass on this data: {split} {few} intervals; name more articles"
        for split in ("val", "ood")
    ]
    assert result.stderr.splitlines()[:2] == told
    assert result.stderr.count("can pass") == 2
