"""``gatekeeper check``: every flag, every format, and what it costs to start."""

import json
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import click.testing
import pytest

from schemas.reading.document import check_document
from schemas.reading.policy import load_policy
from tests.gatekeeper.forgery import MARGIN, Files, edit, forge, measured

Run = Callable[..., click.testing.Result]

REPORT, MODEL = "best.report.json", "best.pt"
FORMATS = ("table", "json", "markdown", "junit", "github")
BELOW = "offset_sweep.margin on val is 0.030 [0.020, 0.040], below the required 0.050"
VACUOUS = (
    "gate E (bins_delta) passes for the copy_last, constant and random predictors too, "
    "so passing it proves nothing here"
)

RULES = """
[[champion]]
metric = "offset_sweep.margin"
splits = ["val", "ood"]
min_gain = 0.05
decide = "{decide}"
"""


def block(files: Files) -> None:
    """Make the report one of a model that is not good enough in one figure."""
    forge(measured(files.read(), MARGIN, "val", value=0.03), files.report)


def rules(files: Files, decide: str = "point") -> str:
    return str(files.policy(RULES.format(decide=decide)))


def told(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def section(output: str, title: str) -> list[str]:
    """The lines that follow a title, until the paragraph ends."""
    lines = [*output.splitlines(), ""]
    start = lines.index(title) + 1
    return lines[start : lines.index("", start)]


def test_a_good_model_is_let_through(files: Files, run: Run, clock: datetime) -> None:
    result = run("check", "--full", REPORT, "--model", MODEL)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("best.pt (linear, 1,296 parameters; fingerprint verified)\n")
    assert section(result.stdout, "Gates:")[0] == "  - A offset_sweep: PASS"
    assert section(result.stdout, "DEPLOYABLE: 5 of 5 gates passed, 3 needed")[0] == "Diagnosis:"
    report = files.read()
    assert report.inputs.model.sha256 is not None
    policy = load_policy("seed-5cat")
    shown = run("check", REPORT, "--model", MODEL, "--format", "json").stdout
    digest = json.loads(shown)["report_sha256"]
    assert section(result.stdout, "Verified:") == [
        f"  - report {digest[:12]}, made {report.created}, decided {told(clock)}",
        f"  - policy seed-5cat (built-in, {policy.sha256[:12]})",
        "  - files not verified: gatekeeper runs from a checkout, and only a wheel brings their digests",
        f"  - model {report.inputs.model.sha256[:12]} is the one that was evaluated",
    ]


def test_a_model_that_is_not_good_enough_is_blocked(files: Files, run: Run) -> None:
    block(files)
    result = run("check", "--full", REPORT, "--model", MODEL)
    assert (result.exit_code, result.stderr) == (1, "")
    assert section(result.stdout, "Gates:")[0] == "  - A offset_sweep: FAIL"
    assert section(result.stdout, "BLOCKED: 4 of 5 gates passed, 3 needed")[0] == f"  - {BELOW}"


def test_an_unsound_measurement_is_no_verdict_and_is_shown(files: Files, run: Run) -> None:
    report = files.read()
    oracle = report.evidence.controls["oracle"]
    low = replace(oracle["val"][MARGIN], value=0.01, low=0.0, high=0.02)
    controls = {**report.evidence.controls, "oracle": {**oracle, "val": {**oracle["val"], MARGIN: low}}}
    forge(replace(report, evidence=replace(report.evidence, controls=controls)), files.report)
    result = run("check", "--full", REPORT, "--model", MODEL)
    assert (result.exit_code, result.stderr) == (3, "")
    assert section(result.stdout, "ERROR: 5 of 5 gates passed, 3 needed")[0] == (
        "  - this gate cannot be passed on this data: even the oracle does not pass gate A (offset_sweep), "
        "its offset_sweep.margin on val is 0.010 [0.000, 0.020], below the required 0.050"
    )


UNBOUND = (
    "check needs --model FILE, the file that is to be let through; "
    "add --report-only to judge the report alone"
)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("keys", [(), ("--trusted-key", "trusted.pub")])
def test_a_report_that_is_bound_to_no_model_lets_nothing_through(
    files: Files, run: Run, monkeypatch: pytest.MonkeyPatch, form: str, keys: tuple[str, ...]
) -> None:
    run("sign", REPORT, "--key", "trusted.key")
    monkeypatch.setenv("GITHUB_OUTPUT", str(files.folder / "outputs"))
    result = run("check", REPORT, "--format", form, *keys)
    assert (result.exit_code, result.stderr) == (2, f"Error: {UNBOUND}\n")
    told = {
        "junit": f'message="{UNBOUND}"',
        "github": f"::error title=gatekeeper%3A ERROR::{UNBOUND}",
    }.get(form, "")
    assert told in result.stdout
    if form == "github":
        outputs = (files.folder / "outputs").read_text()
        assert outputs == "verdict=error\ndeployable=false\n"


def test_a_report_is_bound_to_a_model_or_to_none(files: Files, run: Run) -> None:
    result = run("check", REPORT, "--model", MODEL, "--report-only")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "Error: --model names a file and --report-only says there is none; give one of the two\n"
    )


def test_what_was_not_verified_is_said(files: Files, run: Run) -> None:
    run("sign", REPORT, "--key", "trusted.key")
    result = run("check", "--full", REPORT, "--report-only")
    assert result.exit_code == 0
    assert section(result.stdout, "Verified:")[3:] == [
        "  - not verified: no model file was given, so the report is bound to none; add --model FILE",
        "  - not verified: the report is signed, but no trusted key was given; add --trusted-key FILE",
    ]


# --policy


def test_the_policy_is_the_verifiers(files: Files, run: Run) -> None:
    path = files.policy(change=("min = 0.05", "min = 0.50"))
    result = run("check", "--full", REPORT, "--model", MODEL, "--policy", "own.toml")
    assert result.exit_code == 1
    policy = f"  - policy own (own.toml, {load_policy(path).sha256[:12]})"
    assert section(result.stdout, "Verified:")[1] == policy
    assert "below the required 0.500" in result.stdout


def test_a_stricter_built_in_policy_is_named(files: Files, run: Run) -> None:
    result = run("check", "--full", REPORT, "--model", MODEL, "--policy", "strict-5cat")
    assert result.exit_code == 0
    assert "DEPLOYABLE: 5 of 5 gates passed, 5 needed" in result.stdout.splitlines()


def test_a_misspelt_policy_is_told_the_nearest(files: Files, run: Run) -> None:
    result = run("check", REPORT, "--model", MODEL, "--policy", "seed-5cart")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "Error: unknown policy 'seed-5cart': no such file; did you mean 'seed-5cat'? "
        "built in: seed-5cat, strict-5cat\n"
    )


# --max-age


@pytest.mark.parametrize("age", ["100m", "101m", "2h", "1d", "30d", "99999d", "00100m"])
@pytest.mark.usefixtures("clock")
def test_a_report_that_is_young_enough_is_let_through(files: Files, run: Run, age: str) -> None:
    assert run("check", REPORT, "--model", MODEL, "--max-age", age).exit_code == 0


@pytest.mark.parametrize(
    ("age", "span"), [("99m", "99 minutes"), ("60m", "1 hour"), ("1h", "1 hour"), ("1m", "1 minute")]
)
@pytest.mark.usefixtures("clock")
def test_a_report_that_is_too_old_is_refused(files: Files, run: Run, age: str, span: str) -> None:
    result = run("check", REPORT, "--model", MODEL, "--max-age", age)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        f"Error: {REPORT} is stale: made at {files.read().created}, more than {span} ago; evaluate again\n"
    )


@pytest.mark.parametrize("age", ["0d", "30", "d", "-1d", "1.5h", "1w", "30 d", "30D", "٣d", "999999d", ""])
def test_a_span_of_another_form_is_refused(files: Files, run: Run, age: str) -> None:
    result = run("check", REPORT, "--model", MODEL, "--max-age", age)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1] == (
        "Error: Invalid value for '--max-age': expected a span of time such as 30d, 12h or 90m, "
        f"found {age!r}"
    )


# --trusted-key and --envelope


@pytest.mark.parametrize("where", ["file", "variable", "second"])
def test_the_signature_of_a_trusted_key_is_told(
    files: Files, run: Run, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    run("sign", REPORT, "--key", "trusted.key")
    monkeypatch.setenv("PUBLIC_KEY", files.public.read_text())
    keys = {
        "file": ["--trusted-key", "trusted.pub"],
        "variable": ["--trusted-key", "env:PUBLIC_KEY"],
        "second": ["--trusted-key", "foreign.pub", "--trusted-key", "trusted.pub"],
    }[where]
    result = run("check", "--full", REPORT, "--model", MODEL, *keys)
    assert result.exit_code == 0
    signer = json.loads(files.signature.read_text())["signatures"][0]["keyid"]
    assert section(result.stdout, "Verified:")[-1] == f"  - signed by the trusted key {signer[:12]}"


def test_a_signature_may_lie_elsewhere(files: Files, run: Run) -> None:
    run("sign", REPORT, "--key", "trusted.key")
    shutil.move(files.signature, files.folder / "elsewhere.json")
    keys = ["--trusted-key", "trusted.pub"]
    assert run("check", REPORT, "--model", MODEL, *keys, "--envelope", "elsewhere.json").exit_code == 0
    result = run("check", REPORT, "--model", MODEL, *keys)
    assert result.exit_code == 3
    assert result.stderr == (
        f"Error: {REPORT} is not signed: expected best.report.dsse.json beside it; "
        "sign it with `gatekeeper sign`\n"
    )


# --champion and --first


def against_weaker(files: Files, run: Run, decide: str, *more: str) -> click.testing.Result:
    """``check`` of the best model with the weaker one as its champion."""
    policy = rules(files, decide)
    champion = "weaker.report.json"
    return run("check", REPORT, "--model", MODEL, "--policy", policy, "--champion", champion, *more)


@pytest.mark.parametrize("decide", ["point", "bound"])
def test_a_gain_over_the_champion_is_let_through(files: Files, run: Run, decide: str) -> None:
    result = against_weaker(files, run, decide, "--full")
    assert result.exit_code == 0, result.output
    champion = json.loads(against_weaker(files, run, decide, "--format", "json").stdout)["champion"]
    assert section(result.stdout, "Gates:")[-1].strip("- ").endswith("champion: PASS")
    assert f"  - compared with the champion's report {champion['report_sha256'][:12]}" in result.stdout


def test_the_champion_is_read_from_the_folder_it_is_served_from(files: Files, run: Run) -> None:
    # production/current/report.json is a link; signature and scores lie beside the file it leads to.
    for name in ("best", "weaker"):
        assert run("sign", f"{name}.report.json", "--key", files.key).exit_code == 0
    key = ["--trusted-key", str(files.public)]
    assert (
        run("deploy", "weaker.pt", "--report", "weaker.report.json", "--to", "production", *key).exit_code
        == 0
    )
    champion = ["--champion", "production/current/report.json", *key]
    result = run("check", "--full", REPORT, "--model", MODEL, "--policy", rules(files, "bound"), *champion)
    assert result.exit_code == 0, result.output
    assert "  - compared with the champion's report " in result.stdout
    assert run("compare", "production/current/report.json", REPORT).exit_code == 0


@pytest.mark.parametrize("decide", ["point", "bound"])
def test_a_loss_to_the_champion_is_blocked(files: Files, run: Run, decide: str) -> None:
    result = run(
        "check",
        "--full",
        "weaker.report.json",
        "--model",
        "weaker.pt",
        "--policy",
        rules(files, decide),
        "--champion",
        REPORT,
    )
    assert (result.exit_code, result.stderr) == (1, "")
    reasons = section(result.stdout, "BLOCKED: 5 of 5 gates passed, 3 needed")
    found, _, elsewhere = reasons[0].partition(", below the required 0.050; on ood -")
    assert found.startswith("  - the gain of offset_sweep.margin on val over the champion is -")
    assert float(elsewhere) > 0.0


def test_no_scores_are_needed_where_estimates_decide(files: Files, run: Run) -> None:
    for path in files.folder.glob("*.scores.npz"):
        path.unlink()
    champion = ["--champion", "weaker.report.json"]
    assert run("check", REPORT, "--model", MODEL, "--policy", rules(files), *champion).exit_code == 0
    result = run("check", REPORT, "--model", MODEL, "--policy", rules(files, "bound"), *champion)
    assert (result.exit_code, result.stdout) == (3, "")
    # The champion's are read first.
    assert result.stderr == (
        "Error: cannot read the scores weaker.report.scores.npz: No such file or directory; "
        "keep them beside the report\n"
    )


def test_champion_rules_without_a_champion_block(files: Files, run: Run) -> None:
    result = run("check", "--full", REPORT, "--model", MODEL, "--policy", rules(files))
    assert result.exit_code == 1
    assert section(result.stdout, "BLOCKED: 5 of 5 gates passed, 3 needed")[:2] == [
        f"  - the gain of offset_sweep.margin on {split} over the champion was not measured"
        for split in ("val", "ood")
    ]
    assert section(result.stdout, "Verified:")[-1] == (
        "  - not verified: the policy has champion rules: add --champion REPORT, "
        "or --first if there is none yet"
    )


def test_the_first_model_needs_no_champion(files: Files, run: Run) -> None:
    result = run("check", "--full", REPORT, "--model", MODEL, "--policy", rules(files), "--first")
    assert result.exit_code == 0
    assert section(result.stdout, "Verified:")[-1] == (
        "  - not verified: first deployment: the champion rules were left out"
    )


def test_a_champion_on_another_sample_is_refused(files: Files, run: Run) -> None:
    report = files.read()
    forge(replace(report, settings=replace(report.settings, seed=7)), files.weaker_report)
    for decide in ("point", "bound"):
        result = against_weaker(files, run, decide)
        assert (result.exit_code, result.stdout) == (3, "")
        assert result.stderr == (
            f"Error: {REPORT} and weaker.report.json cannot be compared: they differ in seed (0 and 7)\n"
        )


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--first"], "--first has no effect: the policy seed-5cat has no champion rules"),
        (
            ["--champion", "weaker.report.json"],
            "--champion has no effect: the policy seed-5cat has no champion rules",
        ),
        (
            ["--champion", "weaker.report.json", "--first"],
            "--champion names one and --first says there is none; give one of the two",
        ),
        (
            ["--envelope", "best.report.dsse.json"],
            "--envelope has no effect without --trusted-key; name the key you trust",
        ),
        (
            ["--format", "github", "--output", "decision.txt"],
            "--output does not go with --format github, which GitHub reads from the log",
        ),
    ],
)
def test_a_flag_that_would_have_no_effect_is_refused(
    files: Files, run: Run, flags: list[str], line: str
) -> None:
    result = run("check", REPORT, "--model", MODEL, *flags)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"Error: {line}\n")
    assert not (files.folder / "decision.txt").exists()


# --format and --output


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
