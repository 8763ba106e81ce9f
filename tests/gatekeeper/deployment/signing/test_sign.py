"""Signing a report: what is written beside it, and what nobody can vouch for."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.deployment.model_file import model_digest
from gatekeeper.deployment.signing.envelope import seal
from gatekeeper.deployment.signing.keys import generate, key_id, load_private, load_public
from gatekeeper.deployment.signing.sign import sign_report
from gatekeeper.deployment.signing.statement import make_statement
from gatekeeper.deployment.submission import read_submission
from gatekeeper.deployment.verify import examine
from gatekeeper.evaluation.companions import envelope_path
from schemas.errors import GatekeeperError, ModelError, OutputError, ReportError, SignatureError
from schemas.reading.report import parse_report
from tests.gatekeeper.deployment.conftest import Offers
from tests.gatekeeper.deployment.submissions import (
    FOREIGN,
    NOW,
    TRUSTED,
    Offer,
    make_report,
    report_bytes,
    trusting,
)

pytestmark = pytest.mark.usefixtures("quick")


def signer(offer: Offer) -> str | None:
    """Who signed it, as ``check`` finds out."""
    ruling = examine(
        offer.submission,
        trusting(TRUSTED),
        model_sha256=model_digest(offer.model),
        champion=None,
        now=NOW,
    )
    return ruling.decision.signer


def test_a_signed_report_is_let_through(offers: Offers) -> None:
    offer = offers("model")
    with pytest.raises(SignatureError, match="is not signed"):
        signer(offer)
    path = sign_report(offer.report, TRUSTED)
    assert path == offer.report.with_name("model.report.dsse.json")
    assert signer(offer) == key_id(TRUSTED.public_key())


def test_a_pair_from_files_signs_and_verifies(offers: Offers, tmp_path: Path) -> None:
    offer = offers("model")
    private, public, name = generate(tmp_path, "ci")
    sign_report(offer.report, load_private(str(private)), offer.model)
    demands = replace(trusting(), trusted=(load_public(str(public)),))
    ruling = examine(
        offer.submission, demands, model_sha256=model_digest(offer.model), champion=None, now=NOW
    )
    assert ruling.decision.signer == name


def test_what_is_signed_are_the_bytes_of_the_report(offers: Offers) -> None:
    offer = offers("model")
    before = offer.report.read_bytes()
    envelope = json.loads(sign_report(offer.report, TRUSTED).read_bytes())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    digest = statement["predicate"]["https://gatekeeper.dev/attestation/report"]["digest"]["sha256"]
    assert digest == hashlib.sha256(before).hexdigest()
    assert statement["subject"][0]["digest"]["sha256"] == offer.digest
    assert offer.report.read_bytes() == before


def test_signing_again_replaces_the_signature(offers: Offers) -> None:
    offer = offers("model", key=FOREIGN)
    sign_report(offer.report, TRUSTED)
    assert signer(offer) == key_id(TRUSTED.public_key())
    first = envelope_path(offer.report).read_bytes()
    sign_report(offer.report, TRUSTED)
    assert envelope_path(offer.report).read_bytes() == first
    sign_report(offer.report, FOREIGN)
    with pytest.raises(SignatureError, match="not among the trusted"):
        signer(offer)


def test_a_broken_signature_that_is_there_is_replaced(offers: Offers) -> None:
    offer = offers("model")
    envelope_path(offer.report).write_bytes(b"broken")
    sign_report(offer.report, TRUSTED)
    assert signer(offer) == key_id(TRUSTED.public_key())


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("model.report.json", "model.report.dsse.json"),
        ("report", "report.dsse.json"),
        ("report.JSON", "report.JSON.dsse.json"),
        ("report.json.json", "report.json.dsse.json"),
        (".json", ".dsse.json"),
        ("my report.json", "my report.dsse.json"),
        ("модель.json", "модель.dsse.json"),
    ],
)
def test_the_signature_lies_beside_the_report_under_its_name(offers: Offers, name: str, beside: str) -> None:
    offer = offers("model")
    path = offer.report.rename(offer.report.with_name(name))
    assert sign_report(path, TRUSTED) == path.with_name(beside)
    assert signer(replace(offer, report=path)) == key_id(TRUSTED.public_key())


def test_the_model_is_compared_if_it_is_named(offers: Offers) -> None:
    offer, other = offers("model"), offers("other")
    sign_report(offer.report, TRUSTED, offer.model)
    envelope_path(offer.report).unlink()
    with pytest.raises(ReportError) as caught:
        sign_report(offer.report, TRUSTED, other.model)
    expected = (
        f"{offer.report} is about another model: it names SHA-256 {offer.digest[:12]}, the model has "
        f"{other.digest[:12]}; evaluate this model"
    )
    assert str(caught.value) == expected
    with pytest.raises(ModelError, match="cannot read the model"):
        sign_report(offer.report, TRUSTED, offer.model.with_name("nowhere.pt"))
    assert not envelope_path(offer.report).exists()


def test_another_format_than_the_report_names_is_not_signed(offers: Offers) -> None:
    offer = offers("model")
    offer.report.write_bytes(report_bytes(make_report(offer.digest, form="safetensors")))
    with pytest.raises(ReportError, match=r"read as safetensors, but the content of .* is pt; eval"):
        sign_report(offer.report, TRUSTED, offer.model)
    assert not envelope_path(offer.report).exists()


@pytest.mark.parametrize("content", [b"PAR1....", b'{"schema_version": "2.0"}', b"some text"])
def test_a_file_that_is_no_model_is_named(offers: Offers, content: bytes) -> None:
    offer = offers("model")
    offer.model.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.pt is .*; name the model file that the report is about"):
        sign_report(offer.report, TRUSTED, offer.model)


def test_a_signature_about_another_format_than_the_report_names_is_refused(offers: Offers) -> None:
    offer = offers("model")
    told = parse_report(offer.report.read_bytes())
    other = replace(told.inputs.model, format="exported")
    statement = make_statement(
        replace(told, inputs=replace(told.inputs, model=other)), offer.submission.sha256
    )
    envelope_path(offer.report).write_bytes(seal(statement, TRUSTED))
    with pytest.raises(SignatureError, match="a model read as exported, the report about one read as pt"):
        examine(offer.submission, trusting(TRUSTED), model_sha256=offer.digest, champion=None, now=NOW)


def test_a_report_about_no_file_cannot_be_signed(offers: Offers) -> None:
    offer = offers("model")
    offer.report.write_bytes(report_bytes(make_report(None)))
    with pytest.raises(SignatureError, match="control:ridge is no model file"):
        sign_report(offer.report, TRUSTED)
    with pytest.raises(ReportError, match="is about control:ridge, which is no model file"):
        sign_report(offer.report, TRUSTED, offer.model)
    assert not envelope_path(offer.report).exists()


def test_a_blocked_report_can_be_signed_and_stays_blocked(offers: Offers) -> None:
    offer = offers("model", cosine=0.4)
    sign_report(offer.report, TRUSTED)
    ruling = examine(offer.submission, trusting(TRUSTED), model_sha256=offer.digest, champion=None, now=NOW)
    assert ruling.decision.judgement.verdict.outcome == "blocked"
    assert ruling.decision.signer == key_id(TRUSTED.public_key())


def _unreadable(path: Path) -> None:
    path.write_bytes(b"{")


def _edited(path: Path) -> None:
    value = json.loads(path.read_bytes())
    value["settings"]["seed"] = 1
    path.write_text(json.dumps(value))


def _claiming(path: Path) -> None:
    value = json.loads(path.read_bytes())
    value["judgement"]["verdict"]["gates_passed"] = 5
    path.write_text(json.dumps(value))


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [_unreadable, _edited, _claiming, _folder, Path.unlink])
def test_a_report_that_cannot_be_believed_cannot_be_signed(
    offers: Offers, damage: Callable[[Path], None]
) -> None:
    offer = offers("model")
    damage(offer.report)
    with pytest.raises(ReportError, match="report"):
        sign_report(offer.report, TRUSTED)
    assert not envelope_path(offer.report).exists()


def test_a_signature_that_cannot_be_written_is_an_error(offers: Offers) -> None:
    offer = offers("model")
    envelope_path(offer.report).mkdir()
    with pytest.raises(GatekeeperError) as caught:
        sign_report(offer.report, TRUSTED)
    assert type(caught.value) in (OutputError, ReportError)
    assert caught.value.exit_code == 3


def test_a_broken_signature_does_not_keep_a_report_from_being_signed(offers: Offers) -> None:
    offer = offers("model")
    envelope_path(offer.report).write_bytes(b"\xff no envelope")
    sign_report(offer.report, TRUSTED)
    assert signer(offer) == key_id(TRUSTED.public_key())
    assert parse_report(read_submission(offer.report).report).inputs.model.sha256 == offer.digest


@pytest.mark.parametrize("hard", [False, True])
def test_a_link_beside_the_report_loses_nothing(offers: Offers, hard: bool) -> None:
    offer = offers("model")
    bank = offer.report.parent / "bank.npz"
    bank.write_bytes(b"precious")
    place = envelope_path(offer.report)
    if hard:
        place.hardlink_to(bank)
        sign_report(offer.report, TRUSTED)  # under the name of ours there is another file now
        assert signer(offer) == key_id(TRUSTED.public_key())
    else:
        place.symlink_to(bank)
        with pytest.raises(OutputError) as caught:
            sign_report(offer.report, TRUSTED)
        assert str(caught.value) == (
            f"cannot write {place}: it is a symbolic link, and under a name that gatekeeper chooses none is "
            "followed; remove it"
        )
    assert bank.read_bytes() == b"precious"
