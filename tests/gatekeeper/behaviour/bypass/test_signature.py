"""Signatures that prove nothing."""

import hashlib
import json
from dataclasses import replace

import pytest

from gatekeeper.deployment.signing.envelope import seal
from gatekeeper.deployment.signing.keys import load_private
from gatekeeper.deployment.signing.statement import make_statement
from tests.gatekeeper.behaviour.bypass.gate import BELOW, Gate, blocked, sign
from tests.gatekeeper.forgery import (
    Files,
    edit,
    forge,
    invoke,
)

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
