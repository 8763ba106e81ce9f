"""``gatekeeper deploy``: what is served after each command, and what it says."""

import hashlib
import json
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import click.testing
import pytest

from schemas.reading.production import read_production
from schemas.records.production import Production
from tests.gatekeeper.forgery import MARGIN, Files, forge, measured

Run = Callable[..., click.testing.Result]

GO = ("deploy", "best.pt", "--report", "best.report.json", "--to", "production")
WEAKER = ("deploy", "weaker.pt", "--report", "weaker.report.json", "--to", "production")

RULE = """
[[champion]]
metric = "offset_sweep.margin"
splits = ["ood"]
max_regression = 0.01
"""


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def served(files: Files) -> Production:
    """The record of production, after it was found to be true of the files beside it."""
    current = files.production / "current"
    found = read_production(files.production / "PRODUCTION.json")
    assert os.readlink(current) == f"releases/{found.release:06d}"
    assert digest(current / found.model.file) == found.model.sha256
    assert (current / found.model.file).stat().st_size == found.model.bytes
    assert digest(current / "report.json") == found.report_sha256
    return found


def words(result: click.testing.Result) -> str:
    """What was printed, wherever lines end."""
    return " ".join(result.stdout.split())


def moments(clock: datetime) -> str:
    return clock.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_good_model_is_served(files: Files, run: Run, clock: datetime) -> None:
    result = run(*GO)
    assert (result.exit_code, result.stderr) == (0, "")
    sha = digest(files.model)
    lines = result.stdout.splitlines()
    assert "DEPLOYABLE: 5 of 5 gates passed, 3 needed" in lines
    assert any(line.startswith(f"Checked model {sha[:12]}, report ") for line in lines)
    assert max(map(len, lines)) <= 80
    assert lines[-2:] == ["", f"deployed model {sha[:12]} as release 1; it is production/current/model.pt"]
    found = served(files)
    assert (found.release, found.action, found.deployed) == (1, "deploy", moments(clock))
    assert (found.model.sha256, found.signer, found.policy.name) == (sha, None, "seed-5cat")
    assert (found.replaced, found.predecessor, found.restores) == (None, None, None)


def test_all_of_the_decision_is_printed_where_it_is_asked_for(files: Files, run: Run) -> None:
    lines = run(*GO, "--full").stdout.splitlines()
    assert f"  - model {digest(files.model)[:12]} is the one that was evaluated" in lines
    assert lines[-1].startswith("deployed model ")


def test_a_model_that_is_blocked_changes_nothing(files: Files, run: Run) -> None:
    assert run(*WEAKER).exit_code == 0
    before = served(files)
    forge(measured(files.read(), MARGIN, "val", value=0.03), files.report)
    result = run(*GO)
    assert (result.exit_code, result.stderr) == (1, "")
    assert "BLOCKED: 4 of 5 gates passed, 3 needed" in result.stdout.splitlines()
    assert "deployed" not in result.stdout
    assert served(files) == before


def test_a_refused_model_changes_nothing(files: Files, run: Run) -> None:
    assert run(*WEAKER).exit_code == 0
    before = served(files)
    with files.model.open("ab") as file:
        file.write(b"\0")
    result = run(*GO)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("Error: best.report.json is about another model: it names SHA-256 ")
    assert served(files) == before


def test_the_next_model_replaces_it_and_a_rollback_brings_it_back(
    files: Files, run: Run, clock: datetime
) -> None:
    best, weaker = digest(files.model), digest(files.weaker)
    assert run(*WEAKER).exit_code == 0
    assert run(*GO).stdout.splitlines()[-1] == (
        f"deployed model {best[:12]} as release 2; it is production/current/model.pt"
    )
    found = served(files)
    assert (found.release, found.model.sha256, found.replaced) == (2, best, 1)
    result = run("deploy", "--to", "production", "--rollback")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        f"rolled back to release 1: model {weaker[:12]} as release 3; it is production/current/model.pt\n"
    )
    found = served(files)
    assert (found.release, found.action, found.restores, found.replaced) == (3, "rollback", 1, 2)
    assert found.model.sha256 == weaker


def test_the_history_lists_all_releases_newest_first(files: Files, run: Run, clock: datetime) -> None:
    run("sign", "best.report.json", "--key", "trusted.key")
    run(*WEAKER)
    run(*GO, "--trusted-key", "trusted.pub", "--policy", "strict-5cat")
    run("deploy", "--to", "production", "--rollback")
    result = run("deploy", "--to", "production", "--history")
    assert (result.exit_code, result.stderr) == (0, "")
    best, weaker = digest(files.model)[:12], digest(files.weaker)[:12]
    reports = digest(files.report)[:12], digest(files.weaker_report)[:12]
    signer = json.loads(files.signature.read_text())["signatures"][0]["keyid"][:12]
    time = moments(clock)
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["release", "time", "action", "model", "report", "policy", "signed", "by"],
        [*("-" * width for width in (9, 20, 13, 12, 12, 11, 12))],
        ["3", time, "rollback", "to", "1", weaker, reports[1], "seed-5cat", "-"],
        ["2", time, "deploy", best, reports[0], "strict-5cat", signer],
        ["1", time, "deploy", weaker, reports[1], "seed-5cat", "-"],
    ]


def test_before_the_first_deployment_there_is_no_history(files: Files, run: Run) -> None:
    files.production.mkdir()
    result = run("deploy", "--to", "production", "--history")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "nothing was deployed yet\n", "")


def test_the_history_changes_nothing(files: Files, run: Run) -> None:
    run(*GO)
    before = sorted((path, path.lstat().st_mtime_ns) for path in files.production.rglob("*"))
    assert run("deploy", "--to", "production", "--history").exit_code == 0
    assert sorted((path, path.lstat().st_mtime_ns) for path in files.production.rglob("*")) == before


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ((), "production is no deployment folder; nothing can be rolled back"),
        ((GO,), "production: release 1 has no predecessor, so there is nothing to roll back to"),
        (
            (GO, WEAKER, ("deploy", "--to", "production", "--rollback")),
            "production: release 3 has no predecessor, so there is nothing to roll back to",
        ),
    ],
)
def test_without_a_predecessor_nothing_is_rolled_back(
    files: Files, run: Run, before: tuple[tuple[str, ...], ...], line: str
) -> None:
    for each in before:
        assert run(*each).exit_code == 0
    found = served(files) if before else None
    result = run("deploy", "--to", "production", "--rollback")
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"Error: {line}\n")
    assert (served(files) if before else None) == found


def test_a_damaged_predecessor_is_not_served_again(files: Files, run: Run) -> None:
    run(*WEAKER)
    run(*GO)
    before = served(files)
    stored = files.production / "models" / f"{digest(files.weaker)}.pt"
    stored.write_bytes(b"something else")
    result = run("deploy", "--to", "production", "--rollback")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "is damaged: expected SHA-256 " in result.stderr
    assert served(files) == before


@pytest.mark.parametrize("name", ["best.weights", "best.safetensors", "best"])
def test_the_model_is_served_under_a_name_that_its_content_chooses(files: Files, run: Run, name: str) -> None:
    files.model.rename(files.folder / name)
    assert run("deploy", name, *GO[2:]).stdout.endswith("it is production/current/model.pt\n")
    assert served(files).model.file == "model.pt"


# The demands of a check.


def test_the_signature_of_a_trusted_key_is_recorded(files: Files, run: Run) -> None:
    run("sign", "best.report.json", "--key", "trusted.key")
    files.signature.rename(files.folder / "elsewhere.json")
    keys = ["--trusted-key", "trusted.pub", "--envelope", "elsewhere.json"]
    assert run(*GO, *keys).exit_code == 0
    signature = files.folder / "elsewhere.json"
    signer = json.loads(signature.read_text())["signatures"][0]["keyid"]
    assert served(files).signer == signer
    kept = (files.production / "current" / "report.json").resolve().with_name("report.dsse.json")
    assert kept.read_bytes() == signature.read_bytes()


def test_an_unsigned_report_is_not_served_where_a_signature_is_demanded(files: Files, run: Run) -> None:
    result = run(*GO, "--trusted-key", "trusted.pub")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("Error: best.report.json is not signed: ")
    assert not (files.production / "current").exists()


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(("age", "code"), [("100m", 0), ("99m", 3), ("1d", 0), ("1h", 3)])
def test_a_stale_report_is_not_served(files: Files, run: Run, age: str, code: int) -> None:
    assert run(*GO, "--max-age", age).exit_code == code
    assert (files.production / "current").exists() == (code == 0)


def test_the_policy_is_the_deployers(files: Files, run: Run) -> None:
    files.policy(change=("min = 0.05", "min = 0.50"))
    assert run(*GO, "--policy", "own.toml").exit_code == 1
    assert run(*GO, "--policy", "strict-5cat").exit_code == 0
    assert served(files).policy.name == "strict-5cat"


# Champions.


def test_the_champion_is_the_model_in_production(files: Files, run: Run) -> None:
    policy = ["--policy", str(files.policy(RULE))]
    first = run(*GO, *policy)
    assert first.exit_code == 0
    assert "not verified: first deployment: the champion rules were left out" in words(first)
    result = run(*WEAKER, *policy)
    assert result.exit_code == 1
    assert "the gain of offset_sweep.margin on ood over the champion is -0.0" in words(result)
    assert f", champion's report {digest(files.report)[:12]}" in words(result)
    assert served(files).release == 1


def test_a_better_model_replaces_the_champion(files: Files, run: Run) -> None:
    policy = ["--policy", str(files.policy(RULE))]
    assert run(*WEAKER, *policy).exit_code == 0
    assert run(*GO, *policy).exit_code == 0
    assert served(files).model.sha256 == digest(files.model)


def test_a_newer_report_of_the_champion_may_be_named(files: Files, run: Run) -> None:
    policy = ["--policy", str(files.policy(RULE))]
    assert run(*WEAKER, *policy).exit_code == 0
    (files.folder / "newer.json").write_bytes(files.weaker_report.read_bytes())
    result = run(*GO, *policy, "--champion", "newer.json")
    assert result.exit_code == 0
    assert served(files).release == 2


def test_the_report_of_another_model_is_no_champion(files: Files, run: Run) -> None:
    policy = ["--policy", str(files.policy(RULE))]
    assert run(*GO, *policy).exit_code == 0
    result = run(*WEAKER, *policy, "--champion", "weaker.report.json")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("Error: weaker.report.json is about another model: it names SHA-256 ")


def test_a_champion_before_the_first_deployment_is_refused(files: Files, run: Run) -> None:
    policy = ["--policy", str(files.policy(RULE))]
    result = run(*GO, *policy, "--champion", "weaker.report.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "Error: --champion names one, but nothing is deployed in production yet; leave it out\n"
    )
    assert not (files.production / "current").exists()


# Refusals of flags.


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--to", "production"], "deploy needs MODEL and --report; or --rollback, or --history"),
        (["best.pt", "--to", "production"], "deploy needs MODEL and --report; or --rollback, or --history"),
        (
            ["--report", "best.report.json", "--to", "production"],
            "deploy needs MODEL and --report; or --rollback, or --history",
        ),
        (
            ["--to", "production", "--rollback", "--history"],
            "--rollback and --history are two commands; give one of them",
        ),
        (
            [*GO[1:], "--champion", "weaker.report.json"],
            "--champion has no effect: the policy seed-5cat has no champion rules",
        ),
        (
            [*GO[1:], "--envelope", "x.dsse.json"],
            "--envelope has no effect without --trusted-key; name the key you trust",
        ),
    ],
)
def test_flags_that_do_not_belong_together_are_refused(
    files: Files, run: Run, arguments: list[str], line: str
) -> None:
    result = run("deploy", *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"Error: {line}\n")
    assert not files.production.exists()


@pytest.mark.parametrize("command", ["--rollback", "--history"])
@pytest.mark.parametrize(
    ("more", "name"),
    [
        (["best.pt"], "model"),
        (["--report", "best.report.json"], "report"),
        (["--policy", "seed-5cat"], "policy"),
        (["--max-age", "1d"], "max-age"),
        (["--trusted-key", "trusted.pub"], "trusted-key"),
        (["--envelope", "x"], "envelope"),
        (["--champion", "x"], "champion"),
    ],
)
def test_a_flag_without_effect_on_a_rollback_or_the_history_is_refused(
    files: Files, run: Run, command: str, more: list[str], name: str
) -> None:
    run(*WEAKER)
    run(*GO)
    before = served(files)
    result = run("deploy", "--to", "production", command, *more)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"Error: {command} takes no {name}\n")
    assert served(files) == before


def test_a_deployment_without_a_target_is_refused(files: Files, run: Run) -> None:
    result = run("deploy", "best.pt", "--report", "best.report.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1] == "Error: Missing option '--to'."
