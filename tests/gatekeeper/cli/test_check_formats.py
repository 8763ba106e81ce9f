"""``gatekeeper check --format`` and ``--output``."""

import json
import xml.etree.ElementTree as ET
from datetime import datetime

import pytest

from schemas.reading.document import check_document
from schemas.reading.policy import load_policy
from tests.gatekeeper.cli.checking import BELOW, FORMATS, MODEL, REPORT, Run, block, told
from tests.gatekeeper.forgery import Files, edit


@pytest.mark.parametrize("good", [True, False])
def test_json_is_the_decision(files: Files, run: Run, clock: datetime, good: bool) -> None:
    if not good:
        block(files)
    result = run("check", REPORT, "--model", MODEL, "--format", "json")
    assert result.exit_code == (0 if good else 1)
    decision = json.loads(result.stdout)
    check_document("decision", "1.0", decision)
    assert decision["decided"] == told(clock)
    assert decision["policy"] == {
        "name": "seed-5cat",
        "sha256": load_policy("seed-5cat").sha256,
        "source": "built-in",
    }
    assert (decision["signer"], decision["champion"], decision["notes"]) == (None, None, [])
    verdict = decision["judgement"]["verdict"]
    assert verdict["outcome"] == ("deployable" if good else "blocked")
    assert verdict["reasons"] == ([] if good else [BELOW])


@pytest.mark.parametrize(
    ("good", "title"), [(True, "## DEPLOYABLE: best.pt"), (False, "## BLOCKED: best.pt")]
)
def test_markdown_puts_the_verdict_first(files: Files, run: Run, good: bool, title: str) -> None:
    if not good:
        block(files)
    result = run("check", REPORT, "--model", MODEL, "--format", "markdown")
    assert result.exit_code == (0 if good else 1)
    assert result.stdout.startswith(f"{title}\n\n{title[3:].split(':')[0]}: ")
    assert result.stdout.endswith("\n\n</details>\n")


@pytest.mark.parametrize(("good", "failures"), [(True, "0"), (False, "2")])
def test_junit_fails_where_the_model_is_stopped(files: Files, run: Run, good: bool, failures: str) -> None:
    if not good:
        block(files)
    result = run("check", REPORT, "--model", MODEL, "--format", "junit")
    assert result.exit_code == (0 if good else 1)
    assert result.stdout.startswith('<?xml version="1.0" encoding="utf-8"?>\n')
    suites = ET.fromstring(result.stdout)
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("26", failures, "0")
    messages = [failure.get("message") for failure in suites.iter("failure")]
    assert messages == ([] if good else [BELOW, BELOW])


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
        told = f"{BELOW}; The model does not pass A (nearest to target); on val it finds "
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


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("good", [True, False])
@pytest.mark.parametrize("form", [form for form in FORMATS if form != "github"])
def test_output_goes_to_a_file_as_it_would_to_stdout(files: Files, run: Run, form: str, good: bool) -> None:
    if not good:
        block(files)
    shown = run("check", REPORT, "--model", MODEL, "--format", form)
    written = run("check", REPORT, "--model", MODEL, "--format", form, "--output", "decision.txt")
    assert (written.exit_code, written.stdout, written.stderr) == (shown.exit_code, "", "")
    assert (files.folder / "decision.txt").read_bytes() == shown.stdout_bytes


@pytest.mark.parametrize("form", ["table", "json", "markdown"])
def test_a_refusal_leaves_an_output_of_before_alone(files: Files, run: Run, form: str) -> None:
    (files.folder / "decision.txt").write_text("before\n")
    edit(files.report, "settings", "seed", value=1)
    result = run("check", REPORT, "--model", MODEL, "--format", form, "--output", "decision.txt")
    assert (result.exit_code, result.stdout) == (3, "")
    assert (files.folder / "decision.txt").read_text() == "before\n"


def test_a_refusal_is_an_error_in_junit(files: Files, run: Run) -> None:
    result = run("check", "missing.json", "--report-only", "--format", "junit", "--output", "decision.xml")
    line = "cannot read report missing.json: No such file or directory"
    assert (result.exit_code, result.stdout, result.stderr) == (3, "", f"Error: {line}\n")
    suites = ET.parse(files.folder / "decision.xml").getroot()
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("1", "0", "1")
    assert [error.get("message") for error in suites.iter("error")] == [line]
    assert run("check", "missing.json", "--report-only", "--format", "junit").stdout == (
        (files.folder / "decision.xml").read_text()
    )


def test_a_refusal_is_an_annotation_and_not_deployable_on_github(
    files: Files, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.setenv(name, str(files.folder / name))
    result = run("check", "missing.json", "--report-only", "--format", "github")
    line = "cannot read report missing.json: No such file or directory"
    assert (result.exit_code, result.stderr) == (3, f"Error: {line}\n")
    assert result.stdout == f"::error title=gatekeeper%3A ERROR::{line}\n"
    assert (files.folder / "GITHUB_OUTPUT").read_text() == "verdict=error\ndeployable=false\n"
    assert (files.folder / "GITHUB_STEP_SUMMARY").read_text() == f"## ERROR\n\n{line}\n"
