"""The files of a submission."""

import os
from pathlib import Path

import pytest

from gatekeeper.deployment.submission import Submission, read_submission
from gatekeeper.evaluation.companions import envelope_path
from schemas.errors import ReportError, SignatureError
from tests.gatekeeper.deployment.conftest import Offers
from tests.gatekeeper.deployment.rulings import SIGNED, ask, refusal
from tests.gatekeeper.deployment.submissions import TRUSTED


def test_a_submission_is_the_report_and_the_signature_beside_it(offers: Offers) -> None:
    unsigned, signed = offers("one"), offers("two", key=TRUSTED)
    assert unsigned.submission == Submission(unsigned.report, unsigned.report.read_bytes(), None)
    envelope = envelope_path(signed.report)
    assert signed.submission == Submission(signed.report, signed.report.read_bytes(), envelope.read_bytes())
    elsewhere = envelope.rename(envelope.with_name("elsewhere"))
    assert read_submission(signed.report).envelope is None
    assert read_submission(signed.report, elsewhere).envelope == elsewhere.read_bytes()


def test_a_named_signature_is_preferred_and_must_exist(offers: Offers) -> None:
    offer = offers("one", key=TRUSTED)
    other = offer.report.with_name("other")
    other.write_bytes(b"other")
    assert read_submission(offer.report, other).envelope == b"other"
    message = refusal(ReportError, lambda: read_submission(offer.report, other.with_name("nowhere")))
    assert message == f"cannot read signature {other.with_name('nowhere')}: No such file or directory"


@pytest.mark.parametrize("what", ["missing", "folder", "pipe"])
@pytest.mark.parametrize("which", ["report", "signature"])
def test_a_report_or_signature_that_is_no_file_is_refused(offers: Offers, what: str, which: str) -> None:
    offer = offers("one", key=TRUSTED)
    path = offer.report if which == "report" else envelope_path(offer.report)
    path.unlink()
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    if (what, which) == ("missing", "signature"):
        assert offer.submission.envelope is None
        return
    message = refusal(ReportError, lambda: offer.submission)
    assert message.startswith(f"cannot read {which} {path}: ")


def test_a_dangling_link_for_a_signature_is_no_signature(offers: Offers) -> None:
    offer = offers("one")
    envelope_path(offer.report).symlink_to("nowhere")
    message = refusal(SignatureError, lambda: ask(offer.submission, SIGNED, model=offer.digest))
    assert message == (
        f"{offer.report} is not signed: expected one.report.dsse.json beside it; sign it with `gatekeeper "
        "sign`"
    )


def test_a_report_whose_signature_would_have_too_long_a_name_is_read(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 250}.json"
    path.write_bytes(b"{}")
    assert read_submission(path).envelope is None


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("..", "cannot read report ..: it is no regular file"),
        (".", "cannot read the report .: it is a folder"),
        ("", "cannot read the report .: it is a folder"),
        ("/", "cannot read the report /: it is a folder"),
    ],
)
def test_a_folder_is_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal(ReportError, lambda: read_submission(Path(name))) == says
