"""The digest of a model file, its format, and files that are no models."""

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.deployment import model_file
from gatekeeper.deployment.model_file import confirmed_format, model_digest, refuse_other_kinds
from schemas.errors import ModelError, ReportError
from schemas.reading.shards import INDEX, SINGLE
from schemas.records.model import ModelFormat
from tests.gatekeeper.deployment.rulings import refusal
from tests.gatekeeper.deployment.submissions import make_report, report_bytes
from tests.model_files import model_bytes, zipped


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
        (
            "folder",
            f"{{}} must hold {SINGLE} or {INDEX}, as save_pretrained writes them; it holds neither: "
            "name the file of weights",
        ),
        ("pipe", "cannot read the model {}: it is no regular file"),
        ("link", LINKED),
        ("dangling", LINKED),
        ("circle", LINKED),
    ],
)
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


def test_a_disk_that_fails_while_a_model_is_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    path = tmp_path / "model.pt"
    path.write_bytes(b"weights")
    with monkeypatch.context() as patch:
        meanwhile(patch, fail, path)
        message = refusal(ModelError, lambda: model_digest(path))
    assert message == f"cannot read the model {path}: Input/output error"


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


FORMATS: tuple[ModelFormat, ...] = ("pt", "safetensors", "torchscript", "exported")


@pytest.mark.parametrize("told", FORMATS)
@pytest.mark.parametrize("form", FORMATS)
def test_the_content_must_be_of_the_format_that_was_evaluated(
    tmp_path: Path, form: ModelFormat, told: ModelFormat
) -> None:
    path = tmp_path / "model"
    path.write_bytes(model_bytes(b"weights", form))
    report = make_report(model_digest(path), form=told)
    if form == told:
        assert confirmed_format(report, path) == form
        return
    assert refusal(ReportError, lambda: confirmed_format(report, path)) == (
        f"the report says that model.pt was read as {told}, but the content of {path} is {form}; "
        "evaluate it again"
    )


@pytest.mark.parametrize(
    ("data", "noun"),
    [
        (report_bytes(make_report("a" * 64)), "a report in JSON"),
        (zipped({"vectors.npy": b""}), "a NumPy archive (.npz), such as a bank"),
        (b"PAR1 and more", "a Parquet table"),
        (b"some words", "text"),
    ],
    ids=["report", "bank", "table", "texts"],
)
def test_another_kind_of_file_is_told_by_name(tmp_path: Path, data: bytes, noun: str) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(data)
    assert refusal(ModelError, lambda: refuse_other_kinds(path)) == (
        f"{path} is {noun}; name the model file that the report is about"
    )


def test_what_may_be_a_model_is_let_through(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(model_bytes())
    refuse_other_kinds(path)
    path.write_bytes(b"GGUF and more")
    refuse_other_kinds(path)
    refuse_other_kinds(tmp_path / "missing")
