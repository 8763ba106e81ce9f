"""Edits of the report, each refused by check and by deploy."""

import json
import shutil
from dataclasses import replace

import pytest

from schemas.reading.strict_json import MAX_BYTES
from schemas.records.evidence import Evidence, Metrics
from schemas.records.metrics import COSINE, LIFT
from schemas.records.report import Report
from schemas.records.splits import PAIR
from tests.gatekeeper.behaviour.bypass.gate import Gate, blocked, sign
from tests.gatekeeper.forgery import (
    MARGIN,
    Files,
    edit,
    everywhere,
    forge,
    measured,
    write_derived,
)

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
            name: metric
            for name, metric in rows.items()
            if not name.startswith(f"{gone}.") or name in (LIFT, COSINE)
        }
        for split, rows in report.evidence.model.items()
    }
    controls = {
        who: {
            split: {name: metric for name, metric in rows.items() if name in model[split]}
            for split, rows in metrics.items()
        }
        for who, metrics in report.evidence.controls.items()
    }
    forged = forge(
        replace(
            report,
            evidence=Evidence(model, controls, report.evidence.answers),
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
    assert "the length of gates is 6 where 7 follows" in gate.refuse(files)


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
    answers = {"train" if name == "ood" else name: each for name, each in report.evidence.answers.items()}
    changed = replace(report, evidence=replace(everywhere(report.evidence, moved), answers=answers))
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
    nothing: dict[str, object] = dict.fromkeys(("value", "low", "high", "effective", "degrees"))
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
