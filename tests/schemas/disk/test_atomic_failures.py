"""What a file system may refuse, and what is said of it; permissions when nothing is masked."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.disk.atomic import flush_folder, write_bytes
from schemas.errors import OutputError

Call = Callable[..., object]


def refusing_folders(real: Call, error: OSError) -> Call:
    """``os.open`` or ``os.fsync`` of a file system that knows no such thing for folders."""

    def call(what: int | str | os.PathLike[str], *rest: int) -> object:
        if os.path.isdir(what):
            raise error
        return real(what, *rest)

    return call


@pytest.mark.parametrize("step", ["open", "fsync"])
def test_a_folder_that_cannot_be_flushed_does_not_lose_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    error = OSError(22, "Invalid argument")
    monkeypatch.setattr(os, step, refusing_folders(getattr(os, step), error))
    write_bytes(tmp_path / "report.json", b"data")
    assert (tmp_path / "report.json").read_bytes() == b"data"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


def test_flushing_a_folder_leaves_no_descriptor_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    real = os.open

    def recorded(path: str | os.PathLike[str], flags: int) -> int:
        opened.append(real(path, flags))
        return opened[-1]

    def refuse(_: int) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "open", recorded)
    monkeypatch.setattr(os, "fsync", refuse)
    flush_folder(tmp_path)
    (descriptor,) = opened
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError("something odd"), "something odd"),  # it has no strerror
        (ValueError("embedded null byte"), "embedded null byte"),
    ],
)
def test_the_reason_is_the_systems_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, why: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    path = tmp_path / "report.json"
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OutputError) as caught:
        write_bytes(path, b"data")
    assert str(caught.value) == f"cannot write {path}: {why}"


def test_a_place_that_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        write_bytes(tmp_path, b"data")
    assert str(caught.value) == f"cannot write {tmp_path}: it exists and is not a regular file"


@pytest.mark.parametrize(
    ("mask", "mode"), [(0o000, 0o666), (0o022, 0o644), (0o027, 0o640), (0o077, 0o600), (0o002, 0o664)]
)
def test_a_new_file_is_readable_and_writable_by_whom_the_umask_allows(
    tmp_path: Path, mask: int, mode: int
) -> None:
    old = os.umask(mask)
    try:
        write_bytes(tmp_path / "file", b"")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode
