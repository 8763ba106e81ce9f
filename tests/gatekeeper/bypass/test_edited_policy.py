"""Edits of the policy inside the report, which is not the verifier's, and reports of another time."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from schemas.policy_io import load_policy
from schemas.report import Report
from tests.gatekeeper.bypass.gate import BELOW, Gate, blocked
from tests.gatekeeper.forgery import (
    MARGIN,
    Files,
    edit,
    forge,
    write_derived,
)

# Edits of the policy inside the report, which is not the verifier's.


def loosened(report: Report) -> Report:
    checks = tuple(
        replace(line, minimum=-1.0) if line.metric == MARGIN else line for line in report.policy.checks
    )
    return replace(report, policy=replace(report.policy, checks=checks))


def test_a_looser_embedded_policy_changes_nothing(files: Files, gate: Gate) -> None:
    report = loosened(blocked(files.read()))
    own = replace(report, inputs=replace(report.inputs, policy_sha256="f" * 64))
    assert forge(own, files.report).judgement.verdict.deployable
    assert BELOW in gate.refuse(files)


def test_a_looser_embedded_policy_under_the_digest_of_the_built_in_one_is_refused(
    files: Files, gate: Gate
) -> None:
    write_derived(loosened(blocked(files.read())), files.report)
    assert "policy: its digest is that of the built-in 'seed-5cat', but checks[0]" in gate.refuse(files)


WAIVER = """
[[waiver]]
gate = "offset_sweep"
metric = "offset_sweep.margin"
splits = ["val"]
owner = "somebody"
reason = "for a while"
expires = "{expires}"
"""


def day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%d")


def moment(**ago: float) -> str:
    return (datetime.now(UTC) - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_control_a_waiver_in_force_lets_a_failing_check_through(files: Files, gate: Gate) -> None:
    forge(blocked(files.read()), files.report)
    result = gate.ask(files, "--policy", files.policy(WAIVER.format(expires=day(2))))
    assert result.exit_code == 0, result.output
    assert f"waived until {day(2)} by somebody (for a while)" in result.stdout


def test_an_expired_waiver_lets_nothing_through(files: Files, gate: Gate) -> None:
    forge(blocked(files.read()), files.report)
    message = gate.refuse(files, "--policy", files.policy(WAIVER.format(expires=day(-2))))
    assert BELOW in message
    assert f"by somebody (for a while) expired on {day(-2)} and no longer counts" in message


def test_an_expired_waiver_lets_nothing_through_when_the_report_is_backdated(
    files: Files, gate: Gate
) -> None:
    forge(replace(blocked(files.read()), created=moment(days=20)), files.report)
    assert BELOW in gate.refuse(files, "--policy", files.policy(WAIVER.format(expires=day(-10))))


def test_a_waiver_of_the_embedded_policy_changes_nothing(files: Files, gate: Gate) -> None:
    policy = load_policy(files.policy(WAIVER.format(expires=day(1000))))
    report = blocked(files.read())
    own = replace(report, policy=policy.policy, inputs=replace(report.inputs, policy_sha256=policy.sha256))
    assert forge(own, files.report).judgement.verdict.deployable
    assert BELOW in gate.refuse(files)


def test_a_configuration_file_with_a_looser_policy_is_not_read(
    files: Files, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    loose = files.policy(change=("min = 0.05", "min = -1.0"))
    (files.folder / "gatekeeper.toml").write_text(f'[eval]\npolicy = "{loose}"\n')
    forge(blocked(files.read()), files.report)
    monkeypatch.chdir(files.folder)
    assert BELOW in gate.refuse(files)


def test_a_looser_file_called_as_a_built_in_policy_is_not_read(
    files: Files, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.policy(change=("min = 0.05", "min = -1.0")).rename(files.folder / "seed-5cat")
    forge(blocked(files.read()), files.report)
    monkeypatch.chdir(files.folder)
    assert BELOW in gate.refuse(files, "--policy", "seed-5cat")


def test_a_report_on_other_data_than_the_policy_names_is_blocked(files: Files, gate: Gate) -> None:
    bank = files.read().inputs.bank.sha256
    assert gate.ask(files, "--policy", files.policy(f'[data]\nbank = "{bank}"\n')).exit_code == 0
    shutil.rmtree(files.production, ignore_errors=True)
    message = gate.refuse(files, "--policy", files.policy(f'[data]\nbank = "{"b" * 64}"\n'))
    assert (
        f"evaluated on other data than the policy names: bank {bank[:12]} instead of bbbbbbbbbbbb" in message
    )


# Time and version.


@pytest.mark.parametrize("ahead", [{"minutes": 10}, {"days": 1}, {"days": 36_500}])
def test_a_report_from_the_future_is_refused(files: Files, gate: Gate, ahead: dict[str, float]) -> None:
    created = moment(**{unit: -number for unit, number in ahead.items()})
    forge(replace(files.read(), created=created), files.report)
    assert f"was made in the future, at {created}; check the clocks" in gate.refuse(files, "--max-age", "30d")


def test_a_stale_report_is_refused(files: Files, gate: Gate) -> None:
    created = moment(days=31)
    forge(replace(files.read(), created=created), files.report)
    assert gate.ask(files).exit_code == 0
    shutil.rmtree(files.production, ignore_errors=True)
    message = gate.refuse(files, "--max-age", "30d")
    assert f"is stale: made at {created}, more than 30 days ago; evaluate again" in message


@pytest.mark.parametrize("version", ["0.9", "0.1", "2.0", "11.0", "1", "1.0.0", "v1.0", "", None, 1.0])
def test_an_older_or_newer_version_of_the_format_is_refused(
    files: Files, gate: Gate, version: object
) -> None:
    edit(files.report, "schema_version", value=version)
    assert "expected schema_version 1.x, found " in gate.refuse(files)
