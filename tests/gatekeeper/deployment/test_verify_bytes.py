"""No byte may change: neither of the envelope, nor of the report under it, nor of the model."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.deployment.model_file import model_digest
from gatekeeper.deployment.submission import Submission
from gatekeeper.deployment.verify import examine
from schemas.errors import ModelError, ReportError, SignatureError
from tests.gatekeeper.deployment.submissions import (
    NOW,
    TRUSTED,
    make_report,
    make_submission,
    trusting,
)


def changes(data: bytes) -> Iterator[bytes]:
    """Every byte with its lowest or highest bit turned, left out, and doubled."""
    for place, byte in enumerate(data):
        head, tail = data[:place], data[place + 1 :]
        yield head + bytes([byte ^ 1]) + tail
        yield head + bytes([byte ^ 0x80]) + tail
        yield head + tail
        yield head + bytes([byte, byte]) + tail


DIGEST = hashlib.sha256(b"the model").hexdigest()


def count_refused(data: bytes, submission: Callable[[bytes], Submission], why: str | None = None) -> int:
    """The number of changes of the data, once each is refused; as they are they are accepted."""

    def ask(data: bytes) -> None:
        examine(submission(data), trusting(TRUSTED), model_sha256=DIGEST, champion=None, now=NOW)

    ask(data)
    count = 0
    for changed in changes(data):
        with pytest.raises(SignatureError, match=why):
            ask(changed)
        count += 1
    return count


def test_every_changed_byte_of_an_envelope_is_refused() -> None:
    signed = make_submission(make_report(DIGEST), TRUSTED)
    assert signed.envelope is not None
    count = count_refused(signed.envelope, lambda data: replace(signed, envelope=data))
    assert count == 4 * len(signed.envelope)


def test_every_changed_byte_of_a_signed_report_is_refused() -> None:
    signed = make_submission(make_report(DIGEST), TRUSTED)
    why = "another report was signed"
    count = count_refused(signed.report, lambda data: replace(signed, report=data), why)
    assert count == 4 * len(signed.report) > 20_000


@pytest.mark.parametrize("signed", [False, True])
def test_every_changed_byte_of_a_model_is_refused(tmp_path: Path, signed: bool) -> None:
    content = bytes(range(0, 256, 4))
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    submission = make_submission(make_report(model_digest(path)), TRUSTED if signed else None)
    demands = trusting(TRUSTED) if signed else trusting()

    def ask() -> None:
        examine(submission, demands, model_sha256=model_digest(path), champion=None, now=NOW)

    ask()
    for data in changes(content):
        path.write_bytes(data)
        with pytest.raises(ReportError, match="is about another model"):
            ask()
    path.write_bytes(b"")
    with pytest.raises(ReportError, match="is about another model"):
        ask()
    path.unlink()
    with pytest.raises(ModelError):
        ask()
