"""``gatekeeper check --format github``."""

import re
from dataclasses import replace
from pathlib import Path

import click.testing
import pytest

from gatekeeper.cli.app import cli
from gatekeeper.render.markdown import escape
from schemas.reading.report import write_report
from schemas.records.report import Report
from tests.gatekeeper.cli.checking import BELOW, MODEL, REPORT, Run, block
from tests.gatekeeper.forgery import Files
from tests.gatekeeper.render.ci.runner import decode, github_files, obeyed
from tests.gatekeeper.render.rulings import CHECKS, HEAD, MARGIN, WEAK, make_evidence, make_report


@pytest.mark.parametrize("good", [True, False])
def test_github_gets_annotations_outputs_and_a_summary(
    files: Files, run: Run, monkeypatch: pytest.MonkeyPatch, good: bool
) -> None:
    if not good:
        block(files)
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        (files.folder / name).write_text("before\n")
        monkeypatch.setenv(name, str(files.folder / name))
    result = run("check", REPORT, "--model", MODEL, "--format", "github")
    assert result.exit_code == (0 if good else 1)
    lines = result.stdout.splitlines()
    verdict = "deployable" if good else "blocked"
    if good:
        passed = "every check that decides passed; The model is "
        assert lines[0].startswith(f"::notice title=gatekeeper%3A DEPLOYABLE::{passed}")
    else:
        told = f"{BELOW}; The model does not pass A (nearest to target); on val it knows "
        assert lines[0].startswith(f"::error title=gatekeeper%3A BLOCKED::{told}")
        assert lines[1] == f"::error title=offset_sweep.margin on val::{BELOW}"
    assert f"{verdict.upper()}: {5 if good else 4} of 5 gates passed, 3 needed" in lines
    assert (files.folder / "GITHUB_OUTPUT").read_text() == (
        f"before\nverdict={verdict}\ndeployable={'true' if good else 'false'}\n"
    )
    summary = (files.folder / "GITHUB_STEP_SUMMARY").read_text()
    assert summary.startswith(f"before\n## {verdict.upper()}: best.pt\n")


def test_github_is_pointed_at_the_line_of_the_policy(files: Files, run: Run) -> None:
    path = files.policy(change=("min = 0.05", "min = 0.50"))
    lines = path.read_text().splitlines()
    place = lines.index("[[check]]") + 1
    result = run("check", REPORT, "--model", MODEL, "--policy", "own.toml", "--format", "github")
    assert result.stdout.splitlines()[1].startswith(
        f"::error file=own.toml,line={place},title=offset_sweep.margin on val::"
    )


def check(report: Report, folder: Path, *arguments: str, environment: dict[str, str]) -> click.testing.Result:
    path = folder / "model.report.json"
    write_report(replace(report, created="2025-01-31T12:00:00Z"), path)
    return click.testing.CliRunner().invoke(
        cli,
        ["check", str(path), "--report-only", "--format", "github", *arguments],
        env={"GITHUB_OUTPUT": None, "GITHUB_STEP_SUMMARY": None, **environment},
        catch_exceptions=False,
    )


def test_the_command_annotates_the_lines_of_a_policy_file(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(HEAD + CHECKS)
    environment = github_files(tmp_path)
    result = check(
        make_report(make_evidence(WEAK)), tmp_path, "--policy", str(policy), environment=environment
    )
    assert result.exit_code == 1
    found = [one for one in map(decode, result.stdout.split("\n")) if one is not None]
    assert found[0].properties == {"title": "gatekeeper: BLOCKED"}
    assert found[1].properties == {"file": str(policy), "line": "9", "title": f"{MARGIN} on val"}
    assert (tmp_path / "output").read_text() == "verdict=blocked\ndeployable=false\n"
    assert (tmp_path / "summary").read_text().startswith("## BLOCKED: best\\_model.pt\n")


@pytest.mark.parametrize("name", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_a_deployable_model_is_stopped_where_the_outputs_cannot_be_written(name: str, tmp_path: Path) -> None:
    environment = {**github_files(tmp_path), name: str(tmp_path / "missing" / "file")}
    result = check(make_report(), tmp_path, environment=environment)
    assert result.exit_code == 3
    assert result.stderr.startswith("Error: cannot write ")
    if name == "GITHUB_STEP_SUMMARY":
        # Of two lines with one name GitHub takes the later.
        assert (tmp_path / "output").read_text().endswith("verdict=error\ndeployable=false\n")


@pytest.mark.parametrize("in_full", [False, True])
def test_a_report_that_cannot_be_read_is_an_annotation_an_output_and_a_summary(
    in_full: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = str(tmp_path / "gone.json") if in_full else "gone.json"
    result = click.testing.CliRunner().invoke(
        cli, ["check", path, "--report-only", "--format", "github"], env=github_files(tmp_path)
    )
    line = f"cannot read report {path}: No such file or directory"
    assert (result.exit_code, result.stderr) == (3, f"Error: {line}\n")
    assert result.stdout == f"::error title=gatekeeper%3A ERROR::{line}\n"
    found = decode(result.stdout.rstrip("\n"))
    assert found is not None
    assert (found.name, found.properties) == ("error", {"title": "gatekeeper: ERROR"})
    assert found.message == line
    assert (tmp_path / "output").read_text() == "verdict=error\ndeployable=false\n"
    assert (tmp_path / "summary").read_text() == f"## ERROR\n\n{escape(line)}\n"


COMMAND, OLD_COMMAND = "::set-output name=deployable::true", "x ##[set-output name=deployable;]true"


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("model", COMMAND),
        ("bank", COMMAND),
        ("reason", COMMAND),
        ("model", OLD_COMMAND),
        ("bank", OLD_COMMAND),
        ("reason", OLD_COMMAND),
    ],
)
def test_the_runner_obeys_nothing_that_a_report_says(place: str, text: str, tmp_path: Path) -> None:
    report = make_report(make_evidence(undefined={(MARGIN, "val"): text}) if place == "reason" else None)
    inputs = report.inputs
    if place == "model":
        report = replace(report, inputs=replace(inputs, model=replace(inputs.model, spec=text)))
    elif place == "bank":
        report = replace(report, inputs=replace(inputs, bank=replace(inputs.bank, source=text)))
    result = check(report, tmp_path, environment=github_files(tmp_path))
    assert result.exit_code in (0, 1)
    own = re.compile("::(notice|warning|error) title=")
    assert obeyed(result.stdout) == [line for line in result.stdout.split("\n") if own.match(line)]
