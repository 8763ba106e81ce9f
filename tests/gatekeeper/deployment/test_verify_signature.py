"""Signatures that a decision demands."""

import functools
import hashlib
from dataclasses import replace

import pytest

from gatekeeper.deployment import submission as reading
from gatekeeper.deployment.signing.keys import key_id
from schemas.errors import SignatureError
from schemas.records.report import Report
from tests.gatekeeper.deployment.rulings import MODEL, OTHER, SIGNED, ask, outcome, refusal
from tests.gatekeeper.deployment.submissions import (
    FOREIGN,
    TRUSTED,
    envelope_of,
    make_report,
    make_submission,
    report_bytes,
    trusting,
)

# The signature.


def test_an_unsigned_report_is_refused_where_a_key_is_trusted() -> None:
    message = refusal(SignatureError, lambda: ask(make_submission(make_report(MODEL)), SIGNED))
    assert message == (
        "model.report.json is not signed: expected model.report.dsse.json beside it; "
        "sign it with `gatekeeper sign`"
    )


def test_a_signature_nobody_asked_for_is_not_believed_and_a_note_says_so() -> None:
    submission = make_submission(make_report(MODEL), FOREIGN)
    decision = ask(submission).decision
    assert decision.signer is None
    note = "the report is signed, but no trusted key was given; add --trusted-key FILE"
    assert decision.notes == (note,)
    # Not even looked at.
    assert ask(replace(submission, envelope=b"garbage")).decision.notes == (note,)


def test_a_signature_of_a_foreign_key_is_refused() -> None:
    submission = make_submission(make_report(MODEL), FOREIGN)
    message = refusal(SignatureError, lambda: ask(submission, SIGNED))
    assert message.startswith("signature of model.report.json: signed by the key ")
    assert ask(submission, trusting(TRUSTED, FOREIGN)).decision.signer == key_id(FOREIGN.public_key())


def test_a_signature_of_another_report_is_refused() -> None:
    report, other = make_report(MODEL, cosine=0.6), make_report(MODEL, cosine=0.5)
    envelope = envelope_of(other, report_bytes(other), TRUSTED)
    submission = replace(make_submission(report), envelope=envelope)
    message = refusal(SignatureError, lambda: ask(submission, SIGNED))
    theirs = hashlib.sha256(report_bytes(other)).hexdigest()[:12]
    assert message == (
        f"signature of model.report.json: another report was signed (SHA-256 {theirs}, "
        f"this one has {submission.sha256[:12]})"
    )


def test_a_signature_over_this_report_and_another_model_is_refused() -> None:
    report, data = make_report(MODEL), report_bytes(make_report(MODEL))
    envelope = envelope_of(make_report(OTHER), data, TRUSTED)
    submission = replace(make_submission(report), envelope=envelope)
    for model in (MODEL, OTHER, None):
        act = functools.partial(ask, submission, SIGNED, model=model)
        expected = "signature of model.report.json: it is about another model than the report"
        assert refusal(SignatureError, act) == expected


def test_a_broken_signature_names_the_report() -> None:
    submission = replace(make_submission(make_report(MODEL)), envelope=b"{")
    message = refusal(SignatureError, lambda: ask(submission, SIGNED))
    assert message.startswith("signature of model.report.json: not JSON")


def test_an_unverified_report_is_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(data: bytes) -> Report:
        raise AssertionError("parsed before it was verified")

    monkeypatch.setattr(reading, "parse_report", never)
    report = make_report(MODEL)
    for envelope in (None, b"{", envelope_of(report, report_bytes(report), FOREIGN), b""):
        submission = replace(make_submission(report), envelope=envelope)
        refusal(SignatureError, functools.partial(ask, submission, SIGNED))


def test_a_signature_does_not_make_a_blocked_model_pass() -> None:
    assert outcome(ask(make_submission(make_report(MODEL, cosine=0.4), TRUSTED), SIGNED)) == "blocked"
