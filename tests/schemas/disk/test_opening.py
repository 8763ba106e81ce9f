"""Only regular files are opened, and a link only where it is to be followed."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from schemas.disk import opening
from schemas.disk.opening import beside, file_digest, open_regular, read_digested


def test_a_file_is_opened_for_reading(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    with open_regular(tmp_path / "file") as file:
        assert file.read() == b"content"


def test_a_link_is_followed_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    for follow in ({}, {"follow_links": True}):
        with open_regular(tmp_path / "link", **follow) as file:
            assert file.read() == b"content"
    with pytest.raises(OSError, match="link") as caught:
        open_regular(tmp_path / "link", follow_links=False)
    assert caught.value.errno == errno.ELOOP
    with open_regular(tmp_path / "file", follow_links=False) as file:
        assert file.read() == b"content"


@pytest.mark.parametrize("what", ["folder", "pipe", "device"])
def test_what_is_no_file_is_refused_without_waiting(what: str, tmp_path: Path) -> None:
    path = Path(os.devnull) if what == "device" else tmp_path / what
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    before = len(os.listdir("/dev/fd"))
    with pytest.raises(OSError, match="regular") as caught:
        open_regular(path)
    assert (caught.value.errno, caught.value.strerror) == (errno.EINVAL, "it is no regular file")
    assert len(os.listdir("/dev/fd")) == before, "the descriptor was closed"


def test_a_missing_file_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")


@pytest.mark.parametrize("data", [b"", b"content", bytes(range(256)) * 2**12])
def test_a_file_is_read_by_its_digest(tmp_path: Path, data: bytes) -> None:
    path, digest = tmp_path / "file", hashlib.sha256(data).hexdigest()
    path.write_bytes(data)
    assert file_digest(path) == digest
    assert read_digested(path, digest) == data
    assert read_digested(path, hashlib.sha256(b"another").hexdigest()) is None


def test_a_file_that_changed_after_its_digest_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, digest = tmp_path / "file", hashlib.sha256(b"first").hexdigest()
    path.write_bytes(b"then")
    monkeypatch.setattr(opening, "file_digest", lambda path: digest)
    assert read_digested(path, digest) is None


def test_what_belongs_to_a_link_lies_beside_it_or_beside_its_file(tmp_path: Path) -> None:
    stored, served = tmp_path / "stored", tmp_path / "served"
    for folder in (stored, served):
        folder.mkdir()
    (stored / "report.json").write_text("{}")
    (stored / "scores.npz").write_text("far")
    link = served / "report.json"
    link.symlink_to("../stored/report.json")
    assert beside(link, "scores.npz").read_text() == "far"
    assert beside(stored / "report.json", "scores.npz") == stored / "scores.npz"
    assert beside(link, "nothing.npz") == served / "nothing.npz"
    (served / "scores.npz").write_text("near")
    assert beside(link, "scores.npz") == served / "scores.npz"


def test_a_link_to_itself_has_nothing_beside_it(tmp_path: Path) -> None:
    link = tmp_path / "report.json"
    link.symlink_to("report.json")
    assert beside(link, "scores.npz") == tmp_path / "scores.npz"
