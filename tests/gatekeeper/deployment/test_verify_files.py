"""The files of a submission, and the digest of a model."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.deployment import model_file
from gatekeeper.deployment.model_file import model_digest
from gatekeeper.deployment.submission import Submission, read_submission
from gatekeeper.evaluation.companions import envelope_path
from schemas.errors import ModelError, ReportError, SignatureError
from tests.gatekeeper.deployment.conftest import Offers
from tests.gatekeeper.deployment.rulings import SIGNED, ask, refusal
from tests.gatekeeper.deployment.submissions import TRUSTED

# Files.


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
    assert "is not signed" in message


def test_a_report_whose_signature_would_have_too_long_a_name_is_read(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 250}.json"
    path.write_bytes(b"{}")
    assert read_submission(path).envelope is None


@pytest.mark.parametrize("name", ["..", ".", "", "/"])
def test_a_folder_is_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    refusal(ReportError, lambda: read_submission(Path(name)))


@pytest.mark.parametrize("content", [b"", b"x", b"weights" * 1000, bytes(2**20 + 1)])
def test_the_digest_of_a_model_is_that_of_its_bytes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    assert model_digest(path) == hashlib.sha256(content).hexdigest()


def test_a_model_below_a_linked_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "model.pt").write_bytes(b"x")
    (tmp_path / "link").symlink_to("real")
    assert model_digest(tmp_path / "link" / "model.pt") == hashlib.sha256(b"x").hexdigest()


LINKED = "the model {} is a symbolic link, which may point elsewhere tomorrow; name the file itself"


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("missing", "cannot read the model {}: No such file or directory"),
        ("folder", "cannot read the model {}: it is no regular file"),
        ("pipe", "cannot read the model {}: it is no regular file"),
        ("link", LINKED),
        ("dangling", LINKED),
        ("circle", LINKED),
    ],
)  # fmt: skip
def test_a_model_that_is_no_file_of_its_own_is_refused(tmp_path: Path, what: str, says: str) -> None:
    path = tmp_path / "model.pt"
    (tmp_path / "real.pt").write_bytes(b"x")
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif what != "missing":
        path.symlink_to({"link": "real.pt", "dangling": "nowhere", "circle": "model.pt"}[what])
    assert refusal(ModelError, lambda: model_digest(path)) == says.format(path)


def test_a_name_with_a_null_byte_is_no_model(tmp_path: Path) -> None:
    message = refusal(ModelError, lambda: model_digest(tmp_path / "a\0b"))
    assert message.endswith(": embedded null byte")


def test_a_name_longer_than_any_file_has_is_no_model(tmp_path: Path) -> None:
    message = refusal(ModelError, lambda: model_digest(tmp_path / ("x" * 300)))
    assert message.endswith(": File name too long")


def _grows(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"!")


def _shrinks(path: Path) -> None:
    os.truncate(path, 10)


def _is_written_to(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"W")


def _is_replaced(path: Path) -> None:
    path.with_name("other.pt").write_bytes(b"other")
    path.with_name("other.pt").replace(path)


def meanwhile(patch: pytest.MonkeyPatch, change: Callable[[Path], None], path: Path) -> None:
    """Let the file change when the first of it was read."""
    real = hashlib.sha256

    class Digest:
        def __init__(self) -> None:
            self.digest, self.done = real(), False

        def update(self, block: bytes) -> None:
            if not self.done:
                change(path)
            self.done = True
            self.digest.update(block)

        def hexdigest(self) -> str:
            return self.digest.hexdigest()

    patch.setattr(hashlib, "sha256", Digest)


@pytest.mark.parametrize("change", [_grows, _shrinks, _is_written_to])
@pytest.mark.parametrize("size", [1000, 10**6])
def test_a_model_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], size: int
) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(b"w" * size)
    os.utime(path, ns=(1, 1))
    monkeypatch.setattr(model_file, "BLOCK", 1000)
    with monkeypatch.context() as patch:
        meanwhile(patch, change, path)
        message = refusal(ModelError, lambda: model_digest(path))
    assert message == f"the model {path} changed while it was read"


def test_a_model_that_is_replaced_while_it_is_read_is_the_one_that_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(b"w" * 10**6)
    monkeypatch.setattr(model_file, "BLOCK", 1000)
    with monkeypatch.context() as patch:
        meanwhile(patch, _is_replaced, path)
        digest = model_digest(path)
    assert digest == hashlib.sha256(b"w" * 10**6).hexdigest()
    assert model_digest(path) == hashlib.sha256(b"other").hexdigest()
