"""Edits of the policy inside the report, which is not the verifier's, and reports of another time."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.reading.policy import load_policy
from schemas.records.report import Report
from tests.gatekeeper.behaviour.bypass.gate import BELOW, Gate, blocked
from tests.gatekeeper.forgery import (
    MARGIN,
    Files,
    copy_files,
    edit,
    forge,
    invoke,
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


def digests(report: Report) -> dict[str, str]:
    return {
        "bank": report.inputs.bank.sha256,
        "train": report.inputs.train_sha256 or "",
        **{name: split.sha256 for name, split in report.inputs.splits.items()},
    }


def pin(*names: str, report: Report, more: str = "") -> str:
    lines = [f'{name} = "{digests(report)[name]}"' for name in names]
    return "\n".join(["[data]", *lines, more, ""])


DRAWN = "evaluated on 150 of the 180 windows of val, a draw that the policy does not name"


@pytest.fixture(scope="module")
def drawn(good: Files, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The honest report of the same model on 150 windows of its author's choice."""
    files = copy_files(good, tmp_path_factory.mktemp("drawn") / "files")
    result = invoke(
        "eval", files.model, "--config", files.folder / "gatekeeper.toml",
        "--max-samples", "150", "--seed", "3", "--report", files.report,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return files


@pytest.fixture
def cherry(drawn: Files, tmp_path: Path) -> Files:
    return copy_files(drawn, tmp_path / "cherry")


def test_a_draw_that_a_pinning_policy_does_not_name_is_blocked(cherry: Files, gate: Gate) -> None:
    report = cherry.read()
    assert gate.ask(cherry).exit_code == 0
    shutil.rmtree(cherry.production, ignore_errors=True)
    for names in (("bank", "val", "ood"), ("val",)):
        assert DRAWN in gate.refuse(cherry, "--policy", cherry.policy(pin(*names, report=report)))
    other = cherry.policy(pin("bank", "val", report=report, more="max_samples = 150\nseed = 4"))
    assert "evaluated otherwise than the policy names: seed 3 instead of 4" in gate.refuse(
        cherry, "--policy", other
    )
    named = cherry.policy(pin("bank", "val", "ood", report=report, more="max_samples = 150\nseed = 3"))
    assert gate.ask(cherry, "--policy", named).exit_code == 0


def test_a_champion_drawn_alike_makes_a_draw_no_better(cherry: Files) -> None:
    gate = Gate("check")
    rules = pin("val", report=cherry.read()) + (
        '[[champion]]\nmetric = "offset_sweep.margin"\nsplits = ["val"]\nmax_regression = 0.5\n'
    )
    message = gate.refuse(cherry, "--policy", cherry.policy(rules), "--champion", cherry.report)
    assert DRAWN in message


def test_controls_fitted_on_another_train_split_are_blocked_where_it_is_pinned(
    files: Files, gate: Gate
) -> None:
    report = files.read()
    policy = files.policy(pin("bank", "train", "val", report=report, more="context = 5\nhorizon = 1"))
    assert gate.ask(files, "--policy", policy).exit_code == 0
    shutil.rmtree(files.production, ignore_errors=True)
    forge(replace(report, inputs=replace(report.inputs, train_sha256="e" * 64)), files.report)
    assert f"windows of train eeeeeeeeeeee instead of {digests(report)['train'][:12]}" in gate.refuse(
        files, "--policy", policy
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


@pytest.mark.parametrize("version", ["3.0", "0", "11.0", "1", "1.0.0", "v1.0", "", None, 1.0])
def test_an_unknown_version_of_the_format_is_refused(files: Files, gate: Gate, version: object) -> None:
    edit(files.report, "schema_version", value=version)
    assert "expected schema_version 2.x, found " in gate.refuse(files)


@pytest.mark.parametrize("version", ["1.0", "1.7", "0.9"])
def test_an_older_version_of_the_format_leads_to_a_new_evaluation(
    files: Files, gate: Gate, version: str
) -> None:
    edit(files.report, "schema_version", value=version)
    assert (
        f"expected schema_version 2.x, found {version!r}; older versions measured less; evaluate it again"
    ) in gate.refuse(files)
