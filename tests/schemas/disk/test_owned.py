"""Under a name of ours no link is followed, whatever it leads to; under one of the user's it is."""

import errno
import os
from pathlib import Path

import pytest

from schemas.disk.owned import entered, is_own_folder, make_own_folder, refuse_link
from schemas.errors import OutputError

LINKED = "it is a symbolic link, and under a name that gatekeeper chooses none is followed; remove it"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a file, a folder, a pipe, and links to a file, a folder and nothing."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, target in (("to file", "file"), ("to folder", "folder"), ("to nothing", "gone")):
        (tmp_path / name).symlink_to(target)
    return tmp_path


@pytest.mark.parametrize("name", ["file", "free", "file/inside"])
def test_a_regular_file_or_nothing_may_be_written(place: Path, name: str) -> None:
    refuse_link(place / name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("to file", LINKED),
        ("to folder", LINKED),
        ("to nothing", LINKED),
        ("folder", "it exists and is not a regular file"),
        ("pipe", "it exists and is not a regular file"),
    ],
)
def test_what_is_no_file_is_not_written(place: Path, name: str, why: str) -> None:
    with pytest.raises(OutputError) as caught:
        refuse_link(place / name)
    assert str(caught.value) == f"cannot write {place / name}: {why}"


@pytest.mark.parametrize(("name", "there"), [("folder", True), ("free", False), ("file/inside", False)])
def test_whether_a_folder_is_there(place: Path, name: str, there: bool) -> None:
    assert is_own_folder(place / name) is there


@pytest.mark.parametrize("name", ["to file", "to folder", "to nothing"])
def test_a_link_is_no_folder_of_ours(place: Path, name: str) -> None:
    for ask in (is_own_folder, make_own_folder):
        with pytest.raises(OutputError) as caught:
            ask(place / name)
        assert str(caught.value) == f"cannot write {place / name}: {LINKED}"


def test_something_else_is_no_folder_either(place: Path) -> None:
    with pytest.raises(NotADirectoryError) as caught:
        is_own_folder(place / "file")
    found = caught.value
    assert (found.errno, found.strerror) == (errno.ENOTDIR, "Not a directory")
    assert found.filename == str(place / "file")
    with pytest.raises(FileExistsError):
        make_own_folder(place / "file")


def test_a_folder_is_made_once(place: Path) -> None:
    for _ in range(2):
        make_own_folder(place / "new")
    assert (place / "new").is_dir()
    with pytest.raises(FileNotFoundError):
        make_own_folder(place / "free" / "new")


@pytest.mark.parametrize("own", [0, -1])
def test_a_folder_that_the_user_named_needs_no_handle(place: Path, own: int) -> None:
    with entered(place / "to folder", own) as handle:
        assert handle is None


@pytest.mark.parametrize("own", [1, 2])
def test_a_handle_stays_that_of_the_folder(place: Path, own: int) -> None:
    (place / "folder" / "inner").mkdir()
    before = set(os.listdir("/proc/self/fd"))
    with entered(place / "folder" / "inner", own) as handle:
        assert handle is not None
        (place / "folder" / "inner").rename(place / "moved")
        os.mkdir("made", dir_fd=handle)
    assert (place / "moved" / "made").is_dir()
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_link_of_the_user_is_followed_and_one_under_our_name_is_not(place: Path) -> None:
    (place / "folder" / "inner").mkdir()
    with entered(place / "to folder" / "inner", 1) as handle:
        assert handle is not None
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(OutputError) as caught, entered(place / "to folder" / "inner", 2):
        pass
    assert str(caught.value) == f"cannot write {place / 'to folder'}: {LINKED}"
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_handle_that_is_closed_already_is_left_so(place: Path) -> None:
    with entered(place / "folder", 1) as handle:
        assert handle is not None
        os.close(handle)


@pytest.mark.parametrize(("name", "error"), [("file", NotADirectoryError), ("free", FileNotFoundError)])
def test_what_cannot_be_entered_is_told(place: Path, name: str, error: type[OSError]) -> None:
    with pytest.raises(error), entered(place / name, 1):
        pass
