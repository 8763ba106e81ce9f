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
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("28", failures, "0")
    messages = [failure.get("message") for failure in suites.iter("failure")]
    assert messages == ([] if good else [BELOW, BELOW])


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
