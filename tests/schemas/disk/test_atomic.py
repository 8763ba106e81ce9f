import os
import stat
from pathlib import Path
from typing import IO

import pytest

from schemas.disk.atomic import write_bytes, write_stream, write_text
from schemas.errors import OutputError

needs_permissions = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


def test_a_file_is_written_and_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_bytes(path, b"one")
    assert path.read_bytes() == b"one"
    write_text(path, "zwei\r\nü")
    assert path.read_bytes() == "zwei\r\nü".encode()
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_bytes(tmp_path / "file", b"")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_a_stream_that_breaks_off_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "scores.npz"

    def half(file: IO[bytes]) -> None:
        file.write(b"half of it")
        raise KeyboardInterrupt

    for before in (None, b"old"):
        if before is not None:
            path.write_bytes(before)
        with pytest.raises(KeyboardInterrupt):
            write_stream(path, half)
        assert [entry.read_bytes() for entry in tmp_path.iterdir()] == ([] if before is None else [before])
    write_stream(path, lambda file: [file.write(part) for part in (b"in ", b"parts")])
    assert path.read_bytes() == b"in parts"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_leaves_the_old_content_and_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OutputError, match=r"cannot write .*report\.json: No space left on device"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


def test_an_interrupt_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "report.json", b"new")
    assert list(tmp_path.iterdir()) == []


def test_the_data_reaches_the_disk_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def recorded_fsync(descriptor: int) -> None:
        steps.append("fsync")
        fsync(descriptor)

    def recorded_replace(source: Path, target: Path) -> None:
        steps.append("replace")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "replace", recorded_replace)
    write_bytes(tmp_path / "file", b"data")
    assert steps == ["fsync", "replace", "fsync"]  # file, rename, folder


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "report.json"
    with pytest.raises(OutputError) as caught:
        write_bytes(path, b"")
    assert caught.value.exit_code == 3
    assert str(caught.value) == (
        f"cannot write {path}: the folder {path.parent} does not exist; create it first"
    )


@pytest.mark.parametrize("name", [".", "folder"])
def test_a_folder_is_not_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError) as caught:
        write_bytes(tmp_path / name, b"")
    assert str(caught.value) == f"cannot write {tmp_path / name}: it exists and is not a regular file"


def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError) as caught:
        write_bytes(tmp_path / "pipe", b"")
    assert str(caught.value) == f"cannot write {tmp_path / 'pipe'}: it exists and is not a regular file"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    path = tmp_path / "file" / "report.json"
    with pytest.raises(OutputError) as caught:
        write_bytes(path, b"")
    assert str(caught.value) == f"cannot write {path}: Not a directory"


def test_a_symbolic_link_stays_and_its_target_changes(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_bytes(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_the_longest_file_name_works(tmp_path: Path) -> None:
    write_bytes(tmp_path / ("x" * 255), b"data")
    assert (tmp_path / ("x" * 255)).read_bytes() == b"data"


@pytest.mark.parametrize(
    ("name", "cause"), [("x" * 256, "File name too long"), ("nul\0byte", "embedded null byte")]
)
def test_an_impossible_name_is_an_error(tmp_path: Path, name: str, cause: str) -> None:
    with pytest.raises(OutputError) as caught:
        write_bytes(tmp_path / name, b"data")
    assert str(caught.value) == f"cannot write {tmp_path / name}: {cause}"
    assert list(tmp_path.iterdir()) == []


def test_a_lone_surrogate_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        write_text(tmp_path / "file", "\ud800")
    assert str(caught.value) == (
        f"cannot write {tmp_path / 'file'}: 'utf-8' codec can't encode character '\\ud800' in position 0: "
        "surrogates not allowed"
    )


@needs_permissions
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError) as caught:
            write_bytes(tmp_path / "file", b"")
    finally:
        tmp_path.chmod(0o700)
    assert str(caught.value) == f"cannot write {tmp_path / 'file'}: no permission to write in {tmp_path}"


def test_a_refused_permission_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OutputError) as caught:
        write_bytes(tmp_path / "file", b"")
    assert str(caught.value) == f"cannot write {tmp_path / 'file'}: no permission to write in {tmp_path}"


def test_a_link_that_leads_back_to_itself_is_named(tmp_path: Path) -> None:
    path = tmp_path / "loop"
    path.symlink_to("loop")
    with pytest.raises(OutputError) as caught:
        write_bytes(path, b"")
    assert str(caught.value) == f"cannot write {path}: it is a symbolic link that leads back to itself"


def test_the_folder_that_a_link_leads_to_is_the_one_that_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "link"
    path.symlink_to(tmp_path / "nowhere" / "report.json")
    with pytest.raises(OutputError) as caught:
        write_bytes(path, b"")
    missing = (tmp_path / "nowhere").resolve()
    assert str(caught.value) == f"cannot write {path}: the folder {missing} does not exist; create it first"


def test_a_stream_goes_where_a_link_of_the_user_leads(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    write_stream(tmp_path / "link", lambda file: file.write(b"new"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.parametrize("own", [0, 1, 2])
def test_a_file_is_written_and_replaced_whoever_named_its_folder(tmp_path: Path, own: int) -> None:
    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    for data in (b"one", b"two"):
        write_bytes(path, data, own=own)
        assert [(entry.name, entry.read_bytes()) for entry in path.parent.iterdir()] == [("file", data)]
