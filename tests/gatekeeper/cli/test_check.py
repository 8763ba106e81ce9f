"""``gatekeeper check``: what it decides, and under which policy, age and keys."""

import json
import shutil
from dataclasses import replace
from datetime import datetime

import pytest

from schemas.reading.policy import load_policy
from tests.gatekeeper.cli.checking import BELOW, FORMATS, MODEL, REPORT, Run, block, section, told
from tests.gatekeeper.forgery import MARGIN, Files, forge


def test_a_good_model_is_let_through(files: Files, run: Run, clock: datetime) -> None:
    result = run("check", "--full", REPORT, "--model", MODEL)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("best.pt (linear, 1,296 parameters; fingerprint verified)\n")
    assert section(result.stdout, "Gates:")[0] == "  - A offset_sweep: PASS"
    assert section(result.stdout, "DEPLOYABLE: 5 of 5 gates passed, 3 needed")[:2] == [
        "Knows:",
        "  - knows 3.35 bits on val; best control logit 3.36; gain -0.01 [-0.02, 0.00]",
    ]
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
        "  - gate A (offset_sweep) tells nothing of knowledge on this data: the true targets themselves do "
        "not pass it, their offset_sweep.margin on val is 0.010 [0.000, 0.020], below the required 0.050"
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
        "built in: seed-5cat, skill, strict-5cat\n"
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


BANK_RULE = """
[[check]]
gate = "retrieval"
metric = "retrieval.bank.r@5"
splits = ["val"]
min = 0.01
required = true
"""


def test_a_rule_on_the_whole_bank_says_how_to_evaluate_for_it(files: Files, run: Run) -> None:
    """The evaluation's policy had none, so its controls were not searched there."""
    policy = str(files.policy(BANK_RULE))
    result = run("check", "--full", REPORT, "--model", MODEL, "--policy", policy)
    assert (result.exit_code, result.stderr) == (3, "")
    assert section(result.stdout, "ERROR: 5 of 5 gates passed, 3 needed")[:2] == [
        "  - gate B (retrieval) cannot be decided by this report: retrieval.bank.r@5 ranks in the whole "
        "bank, and the controls were ranked in their articles only; evaluate again under this policy, or "
        "with --full",
        "Knows:",
    ]
