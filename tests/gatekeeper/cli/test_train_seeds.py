"""``gatekeeper train RECIPE --seeds N``: a verdict on a recipe, and what choosing costs."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

import gatekeeper
from schemas.reading.report import read_report
from tests.gatekeeper.cli.walks import write_walks

Run = Callable[..., click.testing.Result]

RIDGE = ("train", "ridge", "--max-windows", "60")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with random walks; of 24 articles six are left for a ``select``."""
    write_walks(tmp_path, articles=24)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_seed_has_a_run_on_the_same_samples_and_the_recipe_a_verdict(world: Path, run: Run) -> None:
    result = run(*RIDGE, "--seeds", "2", "--seed", "4", "--out", "mine")
    assert result.exit_code == 1, result.output
    assert result.stdout.splitlines()[-1] == (
        "BLOCKED: ridge passes with 0 of 2 seeds; a recipe passes when all do"
    )
    assert re.fullmatch(
        r"best control, in bits: \w+ \d\.\d{3} on val, \w+ \d\.\d{3} on ood", result.stdout.splitlines()[-3]
    )
    told = result.stderr.splitlines()
    assert [line for line in told if line.startswith("ridge: seed ")] == [
        "ridge: seed 4, 1 of 2",
        "ridge: seed 5, 2 of 2",
    ]
    assert told[-1] == "runs: mine"
    assert sorted(path.name for path in (world / "mine").glob("seed_*")) == ["seed_4", "seed_5"]
    first, second = (
        read_report(world / "mine" / name / "5cat_results.json") for name in ("seed_4", "seed_5")
    )
    assert first.inputs.splits == second.inputs.splits
    assert (first.settings.seed, second.settings.seed) == (0, 0)
    assert first.inputs.model.sha256 != second.inputs.model.sha256
    assert json.loads((world / "mine" / "config.json").read_text())["seeds"] == [4, 5]

    # a run of one seed alone is that same run
    run(*RIDGE, "--seed", "5", "--out", "alone")
    assert (
        read_report(world / "alone" / "5cat_results.json").inputs.model.sha256 == second.inputs.model.sha256
    )

    # the seeds that are missing are trained again, the others are not
    kept = (world / "mine" / "seed_4" / "5cat_results.json").stat().st_mtime_ns
    shutil.rmtree(world / "mine" / "seed_5")
    again = run("train", "ridge", "--resume", "mine")
    assert (again.exit_code, again.stdout) == (1, result.stdout)
    assert (world / "mine" / "seed_4" / "5cat_results.json").stat().st_mtime_ns == kept

    refused = run(*RIDGE, "--seeds", "2", "--out", "mine")
    assert refused.exit_code == 2
    assert "mine/seed_4 exists; continue it with --resume mine" in refused.stderr

    same = run("compare", "mine", "mine", "--format", "json")
    assert same.exit_code == 0, same.output
    differences = json.loads(same.stdout)["differences"]
    assert {row["difference"] for row in differences} == {0.0}
    assert any(row["seeds_half"] > 0 for row in differences)  # their seeds count as independent
    table = run("compare", "mine", "mine")
    assert "A: mine, 2 seeds\nB: mine, 2 seeds" in table.stdout
    from_python = gatekeeper.compare_recipes("mine", Path("mine"))
    assert f"{from_python}\n" == table.stdout
    assert repr(from_python) == "<RecipeComparison of mine with mine>"
    assert "<pre>A: mine, 2 seeds" in from_python._repr_html_()
    columns = ["metric", "split", "a", "b", "difference", "seeds_half", "meaning"]
    frame = from_python.to_frame()[columns]
    assert frame.to_dict("records") == [{name: row[name] for name in columns} for row in differences]
    mixed = run("compare", "mine", "alone/5cat_results.json")
    assert (mixed.exit_code, "cannot read report mine: it is no regular file" in mixed.stderr) == (3, True)
    three = run("compare", "mine", "mine", "mine")
    assert (three.exit_code, "expected two folders of runs" in three.stderr) == (2, True)
    empty = run("compare", "alone", "mine")
    assert (empty.exit_code, "alone holds 0 evaluated run(s)" in empty.stderr) == (3, True)


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--seeds", "0"], 2, "--seeds must lie in 2 to 1000; found 0"),
        (["--seeds", "1"], 2, "--seeds 1 has no spread"),
        (["--seeds", "2", "--resume", "mine"], 2, "--resume trains the seeds that are missing"),
        (["--seeds", "2", "--html", "page.html"], 2, "--html shows one run"),
        (["--select", "6"], 3, "splits 'select' and 'val' share 1 article(s), first article 6"),
        (["--select", "99"], 3, "split 'select' names 1 article(s)"),
    ],
)
def test_bad_requests_end_in_one_line(
    world: Path, run: Run, more: list[str], code: int, message: str
) -> None:
    result = run("train", "ridge", *more)
    assert result.exit_code == code
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("chooses", ["select", "val"])
def test_the_report_says_which_split_chose_the_epoch(world: Path, run: Run, chooses: str) -> None:
    more = ("--select", "18-23") if chooses == "select" else ()
    result = run(
        "train",
        "p1",
        "--epochs",
        "2",
        "--architecture",
        "amn",
        "--mini-samples",
        "100",
        *more,
        "--out",
        "mine",
    )
    assert result.exit_code == 1, result.output
    report = read_report(world / "mine" / "5cat_results.json")
    assert set(report.inputs.splits) == {"val", "ood"}
    trained = report.inputs.model.training
    assert trained is not None
    assert trained.chosen_on == chooses
    assert trained.rule is not None
    assert f"the larger cosine on {chooses}" in trained.rule
    told = [each for each in report.judgement.verdict.remarks if each.startswith("val chose the epoch")]
    assert len(told) == (chooses == "val")
    history = json.loads((world / "mine" / "training_history.json").read_text())
    assert all(set(epoch["mini"]["splits"]) == {chooses, "ood"} for epoch in history["epochs"])
