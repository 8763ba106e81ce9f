"""The ways past the deployment gate that we thought of. Each is refused by ``check`` and by ``deploy``."""

import codecs
import hashlib
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click.testing
import pytest

from gatekeeper.data.synth_predictor import write_predictor
from gatekeeper.deployment import folder, verify
from gatekeeper.deployment.envelope import seal
from gatekeeper.deployment.keys import load_private
from gatekeeper.deployment.statement import make_statement
from schemas.metrics import PAIR
from schemas.policy_io import load_policy
from schemas.report import Evidence, Metrics, Report
from schemas.strict_json import MAX_BYTES
from tests.gatekeeper.forgery import (
    MARGIN,
    WORLD,
    Files,
    copy_files,
    edit,
    everywhere,
    forge,
    invoke,
    make_files,
    measured,
    refusal,
    within,
    write_derived,
)

BELOW = "offset_sweep.margin on val is 0.030 [0.020, 0.040], below the required 0.050"


class Gate:
    """``check`` or ``deploy``, asked to let the model of the report through."""

    def __init__(self, name: str) -> None:
        self.name = name

    def arguments(self, files: Files, *more: str | Path) -> list[str | Path]:
        if self.name == "check":
            return ["check", files.report, "--model", files.model, *more]
        return ["deploy", files.model, "--report", files.report, "--to", files.production, *more]

    def ask(self, files: Files, *more: str | Path) -> click.testing.Result:
        return invoke(*self.arguments(files, *more))

    def refuse(self, files: Files, *more: str | Path) -> str:
        """The refusal; nothing was put into production."""
        message = refusal(self.ask(files, *more))
        assert not (files.production / "current").exists()
        assert not (files.production / "PRODUCTION.json").exists()
        return message


def blocked(report: Report) -> Report:
    """The honest report of a model that is not good enough, in one figure only."""
    return measured(report, MARGIN, "val", value=0.03)


def sign(files: Files, key: Path | None = None) -> None:
    assert invoke("sign", files.report, "--key", key or files.key).exit_code == 0


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make_files(tmp_path_factory.mktemp("good") / "files")


@pytest.fixture
def files(good: Files, tmp_path: Path) -> Files:
    return copy_files(good, tmp_path / "files")


@pytest.fixture(params=["check", "deploy"])
def gate(request: pytest.FixtureRequest) -> Gate:
    return Gate(request.param)


# What is refused below is let through when nobody touched it.


@pytest.mark.parametrize(
    "demands",
    [
        [],
        ["--policy", "strict-5cat"],
        ["--max-age", "1d"],
        ["--trusted-key", "trusted.pub"],
        ["--trusted-key", "foreign.pub", "--trusted-key", "trusted.pub"],
    ],
)
def test_control_the_untouched_submission_is_let_through(
    files: Files, gate: Gate, demands: list[str]
) -> None:
    sign(files)
    paths = [files.folder / each if each.endswith(".pub") else each for each in demands]
    result = gate.ask(files, *paths)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert "DEPLOYABLE: 5 of 5 gates passed" in result.stdout
    assert (files.production / "current").exists() == (gate.name == "deploy")


def test_control_the_honest_report_of_a_worse_model_is_blocked(files: Files, gate: Gate) -> None:
    forge(blocked(files.read()), files.report)
    assert BELOW in gate.refuse(files)


# Edits of the report.


@pytest.mark.parametrize(
    ("place", "claim"),
    [
        (("checks", 0, "status"), "pass"),
        (("gates", 0, "status"), "pass"),
        (("verdict", "outcome"), "deployable"),
        (("verdict", "gates_passed"), 5),
    ],
)
def test_a_claim_edited_to_be_good_is_refused(
    files: Files, gate: Gate, place: tuple[str | int, ...], claim: object
) -> None:
    forge(blocked(files.read()), files.report)
    edit(files.report, "judgement", *place, value=claim)
    assert "the claimed judgement does not follow from the evidence: " in gate.refuse(files)


def test_all_claims_edited_to_be_good_are_refused(files: Files, gate: Gate) -> None:
    claims = json.loads(files.report.read_text())["judgement"]
    forge(blocked(files.read()), files.report)
    edit(files.report, "judgement", value=claims)
    assert "the claimed judgement does not follow from the evidence: " in gate.refuse(files)


def test_an_edited_figure_that_is_checked_is_refused(files: Files, gate: Gate) -> None:
    forge(blocked(files.read()), files.report)
    for field in ("value", "low", "high"):
        edit(files.report, "evidence", "model", "val", MARGIN, field, value=0.3)
    assert "the claimed judgement does not follow from the evidence: " in gate.refuse(files)


def test_an_edited_figure_with_the_claims_that_follow_from_it_is_refused(files: Files, gate: Gate) -> None:
    honest = blocked(files.read())
    forge(honest, files.report)
    digest = json.loads(files.report.read_text())["content_sha256"]
    forge(measured(honest, MARGIN, "val", value=0.3), files.report)
    edit(files.report, "content_sha256", value=digest)
    assert "content_sha256 is not the digest of the content" in gate.refuse(files)


def test_an_edited_figure_that_nothing_checks_is_refused(files: Files, gate: Gate) -> None:
    name = "offset_sweep.cos@+3"
    value = files.read().evidence.model["val"][name].value
    assert value is not None
    edit(files.report, "evidence", "model", "val", name, "value", value=value + 1e-6)
    assert "content_sha256 is not the digest of the content" in gate.refuse(files)


def test_a_consistent_forgery_is_refused_where_a_signature_is_demanded(files: Files, gate: Gate) -> None:
    forge(measured(blocked(files.read()), MARGIN, "val", value=0.3), files.report)
    message = gate.refuse(files, "--trusted-key", files.public)
    assert f"{files.report} is not signed: expected best.report.dsse.json beside it" in message


def test_a_consistent_edit_under_a_signature_is_refused(files: Files, gate: Gate) -> None:
    forge(blocked(files.read()), files.report)
    sign(files)
    forge(measured(files.read(), MARGIN, "val", value=0.3), files.report)
    assert "another report was signed" in gate.refuse(files, "--trusted-key", files.public)


def test_another_layout_of_the_same_json_under_a_signature_is_refused(files: Files, gate: Gate) -> None:
    sign(files)
    files.report.write_text(json.dumps(json.loads(files.report.read_text())))
    assert gate.ask(files).exit_code == 0
    shutil.rmtree(files.production, ignore_errors=True)
    assert "another report was signed" in gate.refuse(files, "--trusted-key", files.public)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400])
@pytest.mark.parametrize("place", ["value", "content"])
def test_a_number_that_is_none_is_refused(files: Files, gate: Gate, number: str, place: str) -> None:
    text = files.report.read_text()
    document = json.loads(text)
    found = (
        document["evidence"]["model"]["val"][MARGIN]["value"]
        if place == "value"
        else document["settings"]["seed"]
    )
    old = f'"value": {found}' if place == "value" else f'"seed": {found}'
    assert old in text
    files.report.write_text(text.replace(old, old.replace(str(found), number)))
    assert f"Error: report {files.report}: " in gate.refuse(files)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"outcome": "blocked"', '"outcome": "blocked", "outcome": "deployable"', "outcome"),
        ('"judgement": {', '"judgement": {}, "judgement": {', "judgement"),
        ('{\n  "schema_version"', '{\n  "evidence": {},\n  "schema_version"', "evidence"),
    ],
)
def test_a_key_that_appears_twice_is_refused(files: Files, gate: Gate, old: str, new: str, key: str) -> None:
    forge(blocked(files.read()), files.report)
    text = files.report.read_text()
    assert text.count(old) == 1
    files.report.write_text(text.replace(old, new))
    assert f"key {key!r} appears twice in one object" in gate.refuse(files)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 40 + "]" * 40])
def test_deep_nesting_is_refused(files: Files, gate: Gate, text: str) -> None:
    files.report.write_text(text)
    assert "objects and lists are nested more than 32 deep" in gate.refuse(files)


def test_a_huge_file_is_refused_without_being_read_whole(files: Files, gate: Gate) -> None:
    with files.report.open("r+b") as file:
        file.truncate(2**40)  # a hole: takes no space, and no machine could read it into memory
    assert f"expected at most {MAX_BYTES} bytes of JSON, found {MAX_BYTES + 1}" in gate.refuse(files)


@pytest.mark.parametrize("gone", ["offset_sweep", "retrieval", "ablations", "rollout", "bins_delta"])
def test_a_gate_removed_from_all_evidence_is_not_passed(files: Files, gate: Gate, gone: str) -> None:
    def without(metrics: Metrics) -> Metrics:
        return {
            split: {name: metric for name, metric in rows.items() if not name.startswith(f"{gone}.")}
            for split, rows in metrics.items()
        }

    report = files.read()
    forge(replace(report, evidence=everywhere(report.evidence, without)), files.report)
    message = gate.refuse(files, "--policy", "strict-5cat")
    assert "was not measured" in message or "cannot be decided" in message


@pytest.mark.parametrize("gone", ["offset_sweep", "ablations"])
def test_a_gate_removed_with_its_checks_is_not_passed(files: Files, gate: Gate, gone: str) -> None:
    report = files.read()
    checks = tuple(line for line in report.policy.checks if not line.metric.startswith(f"{gone}."))
    model = {
        split: {
            name: metric for name, metric in rows.items() if not name.startswith(f"{gone}.") or "cos" in name
        }
        for split, rows in report.evidence.model.items()
    }
    controls = {
        who: {split: {name: rows[name] for name in model[split]} for split, rows in metrics.items()}
        for who, metrics in report.evidence.controls.items()
    }
    forged = forge(
        replace(
            report,
            evidence=Evidence(model, controls),
            policy=replace(report.policy, checks=checks, name="mine"),
            inputs=replace(report.inputs, policy_sha256="f" * 64),
        ),
        files.report,
    )
    assert forged.judgement.verdict.deployable
    assert "was not measured" in gate.refuse(files)


def test_a_gate_removed_from_the_judgement_alone_is_refused(files: Files, gate: Gate) -> None:
    gates = json.loads(files.report.read_text())["judgement"]["gates"]
    edit(files.report, "judgement", "gates", value=gates[:-1])
    assert "the length of gates is 5 where 6 follows" in gate.refuse(files)


def test_a_bad_split_renamed_is_not_passed(files: Files, gate: Gate) -> None:
    report = files.read()

    def renamed(metrics: Metrics) -> Metrics:
        return {
            "extra" if split == "ood" else split: rows for split, rows in metrics.items() if split != PAIR
        }

    splits = {"extra" if name == "ood" else name: value for name, value in report.inputs.splits.items()}
    changed = replace(report, evidence=everywhere(report.evidence, renamed))
    write_derived(replace(changed, inputs=replace(report.inputs, splits=splits)), files.report)
    gate.refuse(files)


def test_a_bad_split_moved_to_train_is_not_passed(files: Files, gate: Gate) -> None:
    report = files.read()

    def moved(metrics: Metrics) -> Metrics:
        return {
            "train" if split == "ood" else split: rows for split, rows in metrics.items() if split != PAIR
        }

    splits = {"train" if name == "ood" else name: value for name, value in report.inputs.splits.items()}
    changed = replace(report, evidence=everywhere(report.evidence, moved))
    forge(replace(changed, inputs=replace(report.inputs, splits=splits)), files.report)
    assert "offset_sweep.margin on ood was not measured" in gate.refuse(files)


def emptied(report: Report, fields: dict[str, object]) -> Report:
    def empty(metrics: Metrics) -> Metrics:
        rows = {**metrics["val"], MARGIN: replace(metrics["val"][MARGIN], **fields)}  # type: ignore[arg-type]
        return {**metrics, "val": rows}

    return replace(report, evidence=everywhere(report.evidence, empty))


def test_a_value_measured_on_no_sample_is_refused(files: Files, gate: Gate) -> None:
    write_derived(emptied(files.read(), {"n": 0, "articles": 0}), files.report)
    assert "offset_sweep.margin on val: a value measured on nothing" in gate.refuse(files)


def test_an_empty_sample_that_says_so_is_not_passed(files: Files, gate: Gate) -> None:
    nothing: dict[str, object] = dict.fromkeys(("value", "low", "high"))
    nothing |= {"n": 0, "articles": 0, "reason": "no sample"}
    forge(emptied(files.read(), nothing), files.report)
    assert "offset_sweep.margin on val is undefined: no sample" in gate.refuse(files)


def test_too_few_samples_are_not_passed(files: Files, gate: Gate) -> None:
    forge(emptied(files.read(), {"n": 99}), files.report)
    assert "offset_sweep.margin on val rests on 99 samples, fewer than the 100" in gate.refuse(files)


@pytest.mark.parametrize("who", ["oracle", "copy_last", "mean_context", "constant", "random", "ridge"])
def test_a_missing_control_is_refused(files: Files, gate: Gate, who: str) -> None:
    report = files.read()
    controls = {name: metrics for name, metrics in report.evidence.controls.items() if name != who}
    write_derived(replace(report, evidence=replace(report.evidence, controls=controls)), files.report)
    assert f"{who!r} is a required property" in gate.refuse(files)


def test_an_empty_control_is_refused(files: Files, gate: Gate) -> None:
    report = files.read()
    controls = {**report.evidence.controls, "constant": {}}
    write_derived(replace(report, evidence=replace(report.evidence, controls=controls)), files.report)
    assert "evidence of constant, " in gate.refuse(files)


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


# Another model.


def test_the_report_of_another_model_is_refused(files: Files, gate: Gate) -> None:
    shutil.copy(files.weaker, files.model)
    message = gate.refuse(files)
    assert f"{files.report} is about another model: it names SHA-256 " in message


def test_a_model_changed_after_the_report_is_refused(files: Files, gate: Gate) -> None:
    with files.model.open("ab") as file:
        file.write(b"\0")
    assert "is about another model" in gate.refuse(files)


def test_the_digest_of_another_model_in_the_report_is_refused(files: Files, gate: Gate) -> None:
    shutil.copy(files.weaker, files.model)
    digest = hashlib.sha256(files.model.read_bytes()).hexdigest()
    edit(files.report, "inputs", "model", "sha256", value=digest)
    assert "content_sha256 is not the digest of the content" in gate.refuse(files)


def test_the_digest_of_another_model_under_a_signature_is_refused(files: Files, gate: Gate) -> None:
    sign(files)
    shutil.copy(files.weaker, files.model)
    digest = hashlib.sha256(files.model.read_bytes()).hexdigest()
    report = files.read()
    inputs = replace(report.inputs, model=replace(report.inputs.model, sha256=digest))
    forge(replace(report, inputs=inputs), files.report)
    assert gate.refuse(files, "--trusted-key", files.public).startswith("Error: signature of ")


def test_a_report_about_no_file_lets_no_file_through(files: Files, gate: Gate) -> None:
    report = files.read()
    model = replace(report.inputs.model, sha256=None, kind="factory", fingerprint="not applicable")
    forge(replace(report, inputs=replace(report.inputs, model=model)), files.report)
    assert f"{files.report} is about best.pt, which is no model file" in gate.refuse(files)


@pytest.mark.parametrize("target", ["best.real", "nowhere"])
def test_a_symlinked_model_is_refused(files: Files, gate: Gate, target: str) -> None:
    files.model.rename(files.folder / "best.real")
    files.model.symlink_to(target)
    assert f"the model {files.model} is a symbolic link" in gate.refuse(files)


@pytest.mark.parametrize("kind", ["pipe", "folder"])
@pytest.mark.parametrize(("what", "called"), [("model", "the model"), ("report", "report")])
def test_what_is_no_file_is_refused_without_waiting(
    files: Files, gate: Gate, what: str, called: str, kind: str
) -> None:
    path: Path = getattr(files, what)
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with within(60):
        message = gate.refuse(files)
    assert message == f"Error: cannot read {called} {path}: it is no regular file"


def test_a_model_that_changes_while_it_is_read_is_refused(
    files: Files, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Growing:
        """The digest of a file that somebody appends to after its first block was read."""

        def __init__(self) -> None:
            self.digest, self.calm = hashlib.sha256(), True

        def update(self, block: bytes) -> None:
            self.digest.update(block)
            if self.calm:
                self.calm = False
                for path in (files.model, *(files.production / "models").glob(".gatekeeper-*")):
                    with path.open("ab") as file:
                        file.write(b"more")

        def hexdigest(self) -> str:
            return self.digest.hexdigest()

    class Library:
        sha256 = Growing

    with monkeypatch.context() as patch:
        patch.setattr(verify, "hashlib", Library)
        assert gate.refuse(files).endswith("changed while it was read")


def test_a_model_changed_between_check_and_deploy_is_not_served(files: Files) -> None:
    assert Gate("check").ask(files).exit_code == 0
    shutil.copy(files.weaker, files.model)
    assert "is about another model" in Gate("deploy").refuse(files)


@pytest.mark.parametrize("how", ["replaced", "overwritten"])
def test_a_model_changed_just_before_the_copy_is_not_served(
    files: Files, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    copy = folder._copy

    def late(model: Path, store: Path) -> tuple[Path, int]:
        change_model(files, how)
        return copy(model, store)

    monkeypatch.setattr(folder, "_copy", late)
    assert "is about another model" in Gate("deploy").refuse(files)
    assert list((files.production / "models").iterdir()) == []


@pytest.mark.parametrize("how", ["replaced", "overwritten"])
@pytest.mark.parametrize("after", ["_copy", "model_digest", "examine", "_place", "_keep_report"])
def test_a_model_changed_at_any_time_after_the_copy_is_not_what_is_served(
    files: Files, monkeypatch: pytest.MonkeyPatch, how: str, after: str
) -> None:
    honest = files.model.read_bytes()
    original: Callable[..., object] = getattr(folder, after)

    def meanwhile(*arguments: object, **more: object) -> object:
        done = original(*arguments, **more)
        change_model(files, how)
        return done

    monkeypatch.setattr(folder, after, meanwhile)
    assert Gate("deploy").ask(files).exit_code == 0
    assert files.model.read_bytes() != honest
    assert (files.production / "current" / "model.pt").read_bytes() == honest


def change_model(files: Files, how: str) -> None:
    if how == "overwritten":
        files.model.write_bytes(files.weaker.read_bytes())
    else:
        other = files.folder / "other.pt"
        shutil.copy(files.weaker, other)
        other.replace(files.model)


def test_a_report_changed_after_it_was_read_is_not_what_decides(
    files: Files, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = files.report.read_bytes()
    forge(blocked(files.read()), files.report)
    sign(files)
    module = importlib.import_module(f"gatekeeper.commands.{gate.name}")
    original: Callable[..., object] = module.read_submission

    def meanwhile(*arguments: object) -> object:
        found = original(*arguments)
        files.report.write_bytes(honest)
        return found

    monkeypatch.setattr(module, "read_submission", meanwhile)
    assert BELOW in gate.refuse(files, "--trusted-key", files.public)


# Signatures.


def test_no_signature_is_refused_where_one_is_demanded(files: Files, gate: Gate) -> None:
    assert "is not signed: expected best.report.dsse.json beside it" in gate.refuse(
        files, "--trusted-key", files.public
    )


def test_the_signature_of_an_unknown_key_is_refused(files: Files, gate: Gate) -> None:
    sign(files, files.foreign_key)
    assert "which is not among the trusted: " in gate.refuse(files, "--trusted-key", files.public)


def test_the_signature_of_an_unknown_key_under_the_name_of_a_known_one_is_refused(
    files: Files, gate: Gate
) -> None:
    sign(files)
    known = json.loads(files.signature.read_text())["signatures"][0]["keyid"]
    sign(files, files.foreign_key)
    edit(files.signature, "signatures", 0, "keyid", value=known)
    assert "the signature does not verify under the trusted key " in gate.refuse(
        files, "--trusted-key", files.public
    )


@pytest.mark.parametrize("times", [0, 2, 3])
def test_an_envelope_with_several_signatures_of_one_key_or_none_is_refused(
    files: Files, gate: Gate, times: int
) -> None:
    sign(files)
    only = json.loads(files.signature.read_text())["signatures"]
    edit(files.signature, "signatures", value=only * times)
    assert f"expected exactly one signature, found {times}" in gate.refuse(
        files, "--trusted-key", files.public
    )


def test_a_known_and_an_unknown_signature_together_are_refused(files: Files, gate: Gate) -> None:
    sign(files, files.foreign_key)
    foreign = json.loads(files.signature.read_text())["signatures"]
    sign(files)
    edit(
        files.signature,
        "signatures",
        value=[*json.loads(files.signature.read_text())["signatures"], *foreign],
    )
    assert "expected exactly one signature, found 2" in gate.refuse(files, "--trusted-key", files.public)


def test_the_signature_of_another_report_is_refused(files: Files, gate: Gate) -> None:
    assert invoke("sign", files.weaker_report, "--key", files.key).exit_code == 0
    (files.folder / "weaker.report.dsse.json").rename(files.signature)
    assert "another report was signed" in gate.refuse(files, "--trusted-key", files.public)


def test_a_signed_statement_about_another_model_is_refused(files: Files, gate: Gate) -> None:
    report = files.read()
    model = replace(report.inputs.model, sha256="a" * 64)
    digest = hashlib.sha256(files.report.read_bytes()).hexdigest()
    statement = make_statement(replace(report, inputs=replace(report.inputs, model=model)), digest)
    files.signature.write_bytes(seal(statement, load_private(str(files.key))))
    message = gate.refuse(files, "--trusted-key", files.public)
    assert message.endswith("it is about another model than the report")


def test_a_signed_report_that_is_blocked_stays_blocked(files: Files, gate: Gate) -> None:
    forge(blocked(files.read()), files.report)
    sign(files)
    assert BELOW in gate.refuse(files, "--trusted-key", files.public)


def test_a_signature_that_is_named_but_missing_is_refused(files: Files, gate: Gate) -> None:
    missing = files.folder / "missing.dsse.json"
    message = gate.refuse(files, "--trusted-key", files.public, "--envelope", missing)
    assert message == f"Error: cannot read signature {missing}: No such file or directory"


def test_a_trusted_key_that_is_unset_or_empty_does_not_switch_the_demand_off(
    files: Files, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GATEKEEPER_TEST_KEY", raising=False)
    assert "GATEKEEPER_TEST_KEY is not set" in gate.refuse(files, "--trusted-key", "env:GATEKEEPER_TEST_KEY")
    monkeypatch.setenv("GATEKEEPER_TEST_KEY", "")
    assert "GATEKEEPER_TEST_KEY is not set" in gate.refuse(files, "--trusted-key", "env:GATEKEEPER_TEST_KEY")
    assert gate.refuse(files, "--trusted-key", "").startswith("Error: ")


# Files that are no reports.


def test_a_missing_report_is_refused(files: Files, gate: Gate) -> None:
    files.report.unlink()
    assert gate.refuse(files) == f"Error: cannot read report {files.report}: No such file or directory"


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_truncated_report_is_refused(files: Files, gate: Gate, share: float) -> None:
    data = files.report.read_bytes()
    files.report.write_bytes(data[: int(share * len(data))])
    assert f"Error: report {files.report}: not JSON: " in gate.refuse(files)


def test_a_report_truncated_by_its_last_brace_is_refused(files: Files, gate: Gate) -> None:
    files.report.write_bytes(files.report.read_bytes().removesuffix(b"}\n"))
    assert f"Error: report {files.report}: not JSON: " in gate.refuse(files)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_a_report_in_another_encoding_is_refused(files: Files, gate: Gate, encoding: str) -> None:
    text = files.report.read_text()
    files.report.write_bytes(codecs.encode(text, encoding))
    assert f"Error: report {files.report}: " in gate.refuse(files)


@pytest.mark.parametrize(
    "data", [b"null", b"[]", b"true", b'"deployable"', b"{}", b"0", b'{"schema_version": "1.0"}']
)
def test_json_that_is_no_report_is_refused(files: Files, gate: Gate, data: bytes) -> None:
    files.report.write_bytes(data)
    assert f"Error: report {files.report}: " in gate.refuse(files)


# Companions and champions.

CHAMPION = """
[[champion]]
metric = "offset_sweep.cos"
splits = ["val", "ood"]
min_gain = 0.0
decide = "bound"
"""


@pytest.mark.parametrize("whose", ["model", "champion"])
@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_missing_or_changed_companion_is_refused_where_it_decides(
    files: Files, whose: str, damage: str
) -> None:
    scores = files.scores if whose == "model" else files.weaker_report.with_suffix(".scores.npz")
    demands: list[str | Path] = ["--policy", files.policy(CHAMPION), "--champion", files.weaker_report]
    assert Gate("check").ask(files, *demands).exit_code == 0
    if damage == "missing":
        scores.unlink()
    else:
        scores.write_bytes(scores.read_bytes() + b"\0")
    message = Gate("check").refuse(files, *demands)
    assert str(scores) in message
    assert message.endswith("keep them beside the report" if damage == "missing" else "its digest differs")


def test_a_report_that_names_no_companion_is_refused_where_it_decides(files: Files) -> None:
    forge(replace(files.read(), scores=None), files.report)
    message = Gate("check").refuse(
        files, "--policy", files.policy(CHAMPION), "--champion", files.weaker_report
    )
    assert message == f"Error: {files.report} names no file with per-sample scores; evaluate the model again"


@pytest.mark.parametrize(
    "name",
    [
        "../best.report.scores.npz",
        "/best.report.scores.npz",
        "..",
        ".",
        "",
    ],
)
def test_a_companion_in_another_folder_is_refused(files: Files, name: str) -> None:
    report = files.read()
    assert report.scores is not None
    write_derived(replace(report, scores=replace(report.scores, name=name)), files.report)
    Gate("check").refuse(files, "--policy", files.policy(CHAMPION), "--champion", files.weaker_report)


@pytest.mark.parametrize("name", ["report.json", "report.dsse.json"])
def test_a_companion_called_as_a_file_in_production_does_not_replace_it(files: Files, name: str) -> None:
    assert files.report.name != name
    other = files.folder / name
    other.write_text("something else")
    report = files.read()
    assert report.scores is not None
    digest = hashlib.sha256(other.read_bytes()).hexdigest()
    forge(replace(report, scores=replace(report.scores, name=name, sha256=digest)), files.report)
    sign(files)
    result = Gate("deploy").ask(files, "--trusted-key", files.public)
    if result.exit_code != 0:
        refusal(result)
        return
    kept = (files.production / "current" / "report.json").resolve()
    assert kept.read_bytes() == files.report.read_bytes()
    assert kept.with_name("report.dsse.json").read_bytes() == files.signature.read_bytes()


def test_a_companion_without_a_name_is_no_crash_of_a_deployment(files: Files) -> None:
    report = files.read()
    assert report.scores is not None
    forge(replace(report, scores=replace(report.scores, name="")), files.report)
    result = Gate("deploy").ask(files)
    assert result.exit_code == 0 or refusal(result)


def test_champion_rules_without_a_champion_are_not_passed(files: Files) -> None:
    message = Gate("check").refuse(files, "--policy", files.policy(CHAMPION))
    assert "the gain of offset_sweep.cos on val over the champion was not measured" in message
    assert "not verified: the policy has champion rules: add --champion REPORT" in message


def test_the_report_of_a_weaker_champion_than_the_one_in_production_is_refused(files: Files) -> None:
    demands: list[str | Path] = ["--policy", files.policy(CHAMPION)]
    assert Gate("deploy").ask(files, *demands).exit_code == 0
    write_predictor(files.folder / "worst.pt", WORLD, power=0.8)
    worst = files.folder / "worst.pt"
    assert invoke("eval", worst, "--config", files.folder / "gatekeeper.toml").exit_code == 0
    weaker: list[str | Path] = [
        "deploy",
        files.weaker,
        "--report",
        files.weaker_report,
        "--to",
        files.production,
        *demands,
    ]
    assert "is about another model" in refusal(
        invoke(*weaker, "--champion", worst.with_suffix(".report.json"))
    )
    assert "below the required" in refusal(invoke(*weaker))
    assert os.readlink(files.production / "current") == "releases/000001"


def test_an_unsigned_champion_is_refused_where_a_signature_is_demanded(files: Files) -> None:
    sign(files)
    demands: list[str | Path] = ["--trusted-key", files.public, "--policy", files.policy(CHAMPION)]
    message = Gate("check").refuse(files, *demands, "--champion", files.weaker_report)
    assert message.startswith(f"Error: {files.weaker_report} is not signed: ")


# Failures of our own, and of the machine.


@pytest.mark.parametrize(
    "error", [RuntimeError("odd"), MemoryError(), RecursionError(), AssertionError(), KeyError("x")]
)
def test_a_crash_is_no_verdict(
    files: Files, gate: Gate, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def crash(*arguments: object, **more: object) -> None:
        raise error

    monkeypatch.setattr(verify, "judge", crash)
    result = gate.ask(files)
    assert result.exit_code == 3
    assert result.stdout == ""
    # The one place where a traceback is wanted: it is a fault of ours.
    assert result.stderr.splitlines()[-1] == (
        "Error: gatekeeper itself failed; no verdict. Please report the lines above"
    )
    assert not (files.production / "current").exists()


@pytest.mark.parametrize("place", ["judge", "model_digest", "parse_report"])
def test_an_interrupted_run_is_no_verdict(
    files: Files, gate: Gate, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def interrupt(*arguments: object, **more: object) -> None:
        raise KeyboardInterrupt

    for module in (verify, folder, importlib.import_module("gatekeeper.commands.check")):
        monkeypatch.setattr(module, place, interrupt, raising=False)
    assert gate.refuse(files) == "Error: interrupted before a verdict; run the command again"


WAITING = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits it as ignored
from gatekeeper.cli import cli
from gatekeeper.deployment import verify

def wait(*arguments, **more):
    print("at work", flush=True)
    time.sleep(600)

verify.judge = wait
cli(prog_name="gatekeeper")
"""


def test_a_run_that_is_interrupted_by_a_signal_is_no_verdict(files: Files, gate: Gate) -> None:
    arguments = [str(each) for each in gate.arguments(files)]
    with subprocess.Popen(
        [sys.executable, "-c", WAITING, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=120)
    assert process.returncode == 3
    assert out == ""
    assert errors == "Error: interrupted before a verdict; run the command again\n"
    assert not (files.production / "current").exists()


NEEDS_FULL = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="this system has no device that is always full"
)


def shell(files: Files, gate: Gate, redirection: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gatekeeper", *map(str, gate.arguments(files))]
    return subprocess.run(
        ["sh", "-c", f'"$@" {redirection}', "sh", *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_control_the_untouched_submission_is_let_through_by_a_process(files: Files, gate: Gate) -> None:
    done = shell(files, gate, "")
    assert (done.returncode, done.stderr) == (0, "")
    assert "DEPLOYABLE: 5 of 5 gates passed" in done.stdout


def test_a_closed_stdout_is_no_pass(files: Files, gate: Gate) -> None:
    done = shell(files, gate, ">&-")
    assert done.returncode == 3
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert not (files.production / "current").exists()


def test_a_closed_stdout_says_so_in_one_line(files: Files) -> None:
    done = shell(files, Gate("check"), ">&-")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("Error: ")


@NEEDS_FULL
@pytest.mark.parametrize("form", ["table", "json", "markdown", "junit", "github"])
def test_a_full_stdout_is_no_pass(files: Files, form: str) -> None:
    done = shell(files, Gate("check"), f"--format {form} >/dev/full")
    assert done.returncode == 3
    assert done.stderr == "Error: No space left on device\n"


@NEEDS_FULL
def test_a_full_stdout_is_no_success_of_a_deployment(files: Files) -> None:
    done = shell(files, Gate("deploy"), ">/dev/full")
    assert done.returncode == 3
    assert done.stderr == "Error: No space left on device\n"


def test_a_refusal_with_a_closed_stderr_is_still_no_verdict(files: Files, gate: Gate) -> None:
    files.report.unlink()
    assert shell(files, gate, "2>&-").returncode == 3


@NEEDS_FULL
def test_a_refusal_with_a_full_stderr_is_still_no_verdict(files: Files, gate: Gate) -> None:
    files.report.unlink()
    assert shell(files, gate, "2>/dev/full").returncode == 3


@pytest.mark.parametrize("output", ["nowhere/verdict.txt", ".", "best.pt/verdict.txt", "pipe", "x" * 300])
def test_an_output_that_cannot_be_written_is_no_pass(files: Files, output: str) -> None:
    os.mkfifo(files.folder / "pipe")
    with within(60):
        message = Gate("check").refuse(files, "--output", files.folder / output)
    assert message.startswith(f"Error: cannot write {files.folder / output}: ")


@pytest.mark.parametrize("variable", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_an_output_of_the_ci_that_cannot_be_written_is_no_pass(
    files: Files, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(files.folder / "nowhere" / "file"))
    result = Gate("check").ask(files, "--format", "github")
    assert result.exit_code == 3
    assert (
        result.stderr
        == f"Error: cannot write {files.folder / 'nowhere' / 'file'}: No such file or directory\n"
    )


@pytest.mark.parametrize("target", ["best.pt", "best.pt/production", "pipe", "x" * 300, "dangling"])
def test_a_target_that_cannot_be_written_is_no_deployment(files: Files, target: str) -> None:
    os.mkfifo(files.folder / "pipe")
    (files.folder / "dangling").symlink_to("nowhere")
    arguments: list[str | Path] = [
        "deploy",
        files.model,
        "--report",
        files.report,
        "--to",
        files.folder / target,
    ]
    with within(60):
        message = refusal(invoke(*arguments))
    assert message.startswith(f"Error: cannot make the deployment folder {files.folder / target}: ")
    assert not list(files.folder.rglob("current"))


@pytest.mark.parametrize("name", ["releases", "models", "reports", ".lock", "current", "PRODUCTION.json"])
def test_a_target_with_something_else_in_the_place_of_its_parts_is_no_deployment(
    files: Files, name: str
) -> None:
    files.production.mkdir()
    if name == ".lock":
        (files.production / name).mkdir()
    else:
        (files.production / name).write_text("something else")
    result = Gate("deploy").ask(files)
    assert refusal(result).startswith("Error: ")
    assert not (files.production / "current").is_symlink()
