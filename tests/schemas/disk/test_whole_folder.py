"""What lies beside a folder under a name that nobody told us: what no build of ours made stays."""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemas.disk.lock import locked
from schemas.disk.whole_folder import left_behind, replace_folder
from schemas.errors import OutputError, UsageError

MARK = "made-by-gatekeeper"


def build(folder: Path, *, overwrite: bool = True) -> None:
    def fill(place: Path) -> None:
        (place / "data").write_text("new")

    replace_folder(
        folder,
        fill,
        known={"data"},
        ours=lambda there: (there / "data").is_file(),
        what="a test",
        overwrite=overwrite,
    )


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def _whole(workshop: Path, victim: Path) -> None:
    """The hidden folder itself leads elsewhere."""
    workshop.symlink_to(victim)


def _marked(workshop: Path, victim: Path) -> None:
    """Likewise, to what says that it is ours."""
    (victim / MARK).touch()
    workshop.symlink_to(victim)


def _inside(name: str) -> Callable[[Path, Path], None]:
    def put(workshop: Path, victim: Path) -> None:
        workshop.mkdir()
        (workshop / MARK).touch()
        (workshop / name).symlink_to(victim / "old")

    return put


def _unmarked(workshop: Path, victim: Path) -> None:
    """Somebody else's folder, by chance of that name."""
    victim.rename(workshop)
    victim.symlink_to(workshop)


def _mark_is_a_link(workshop: Path, victim: Path) -> None:
    victim.rename(workshop)
    victim.symlink_to(workshop)
    (workshop / MARK).symlink_to("old/thesis")


def _lock(workshop: Path, victim: Path) -> None:
    workshop.mkdir()
    (workshop / MARK).touch()
    (workshop / ".lock").symlink_to(victim / "old" / "thesis")


LINK = (
    "cannot write {}{}: it is a symbolic link, and under a name that gatekeeper chooses none is followed; "
    "remove it"
)
FOREIGN = "cannot use {}: it holds '{}' and no build made it; move it away"

PLANTED = {
    "the folder": (_whole, LINK, ""),
    "a marked folder": (_marked, LINK, ""),
    "new": (_inside("new"), LINK, "/new"),
    "old": (_inside("old"), LINK, "/old"),
    "unmarked": (_unmarked, FOREIGN, "new"),
    "the mark": (_mark_is_a_link, FOREIGN, "made-by-gatekeeper"),
    "the lock": (_lock, LINK, "/.lock"),
}


@pytest.mark.parametrize("there", [False, True], ids=["first build", "second build"])
@pytest.mark.parametrize(("put", "says", "name"), PLANTED.values(), ids=PLANTED)
def test_what_no_build_made_is_left_alone(
    tmp_path: Path, put: Callable[[Path, Path], None], says: str, name: str, there: bool
) -> None:
    victim, workshop, folder = tmp_path / "victim", tmp_path / ".data.building", tmp_path / "data"
    for part, text in (("old", "thesis"), ("new", "photos")):
        (victim / part).mkdir(parents=True)
        (victim / part / text).write_text(text)
    if there:
        build(folder)
    put(workshop, victim)
    before = content(victim.resolve())
    with pytest.raises(OutputError) as caught:
        build(folder)
    assert str(caught.value) == says.format(workshop, name)
    assert content(victim.resolve()) == before
    assert left_behind(folder) is None
    assert folder.is_dir() == there
    assert not folder.is_symlink()


@pytest.mark.parametrize("left", [(), (".lock",)])
def test_an_empty_folder_that_a_crash_left_unmarked_is_no_hindrance(
    tmp_path: Path, left: tuple[str, ...]
) -> None:
    workshop = tmp_path / ".data.building"
    workshop.mkdir()
    for name in left:
        (workshop / name).touch()
    build(tmp_path / "data")
    assert content(tmp_path) == {"data/data": "new"}


def test_a_link_that_the_user_names_is_followed(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").symlink_to("disk/data")
    build(tmp_path / "data")
    assert content(tmp_path / "disk") == {"data/data": "new"}
    assert (tmp_path / "data").is_symlink()


def _file(folder: Path) -> None:
    folder.write_text("thesis")


def _foreign(folder: Path) -> None:
    folder.mkdir()
    (folder / "thesis").write_text("thesis")


def _with_more(folder: Path) -> None:
    build(folder)
    (folder / "thesis").write_text("thesis")


def _below_a_file(folder: Path) -> None:
    folder.parent.rmdir()
    folder.parent.write_text("thesis")


FOREIGN = "cannot write {}: it holds {!r}, which is no part of a test; name another folder or empty this one"
OCCUPIED: dict[str, tuple[Callable[[Path], None], type[Exception], str]] = {
    "a file": (_file, OutputError, "cannot write {}: it exists and is no folder"),
    "something else": (_foreign, OutputError, FOREIGN.format("{}", "thesis")),
    "a previous one with more": (_with_more, OutputError, FOREIGN.format("{}", "thesis")),
    "below a file": (_below_a_file, OutputError, "cannot write {}: {parent} is no folder"),
    "a previous one": (
        build,
        UsageError,
        "{} holds a test already; name another folder, or add --overwrite to replace it",
    ),
}


@pytest.mark.parametrize(("put", "error", "says"), OCCUPIED.values(), ids=OCCUPIED)
def test_a_folder_that_is_not_free_is_refused(
    tmp_path: Path, put: Callable[[Path], None], error: type[Exception], says: str
) -> None:
    folder = tmp_path / "place" / "data"
    folder.parent.mkdir()
    put(folder)
    before = content(tmp_path)
    with pytest.raises(error) as caught:
        build(folder, overwrite=False)
    assert str(caught.value) == says.format(folder, parent=folder.parent)
    assert content(tmp_path) == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_empty_folder_is_free_and_a_previous_one_is_replaced_where_asked(
    tmp_path: Path, overwrite: bool
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    build(folder, overwrite=overwrite)
    (folder / "data").write_text("old")
    build(folder)
    assert content(tmp_path) == {"data/data": "new"}


def test_what_a_killed_build_left_is_put_back_or_removed(tmp_path: Path) -> None:
    folder, workshop = tmp_path / "data", tmp_path.resolve() / ".data.building"
    build(folder)
    (workshop / "new").mkdir(parents=True)
    (workshop / MARK).touch()
    (workshop / "new" / "half").write_text("half")
    assert left_behind(folder) is None
    folder.rename(workshop / "old")
    assert left_behind(folder) == workshop / "old"
    with pytest.raises(UsageError) as caught:
        build(folder, overwrite=False)
    assert str(caught.value) == (
        f"{folder} holds a test already; name another folder, or add --overwrite to replace it"
    )
    build(folder)
    assert content(tmp_path) == {"data/data": "new"}


def test_the_folders_above_are_made(tmp_path: Path) -> None:
    build(tmp_path / "one" / "two" / "data")
    assert content(tmp_path) == {"one/two/data/data": "new"}


def test_what_the_system_refuses_is_told_of_the_folder(tmp_path: Path) -> None:
    def fill(place: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    long = tmp_path / ("x" * 250)
    with pytest.raises(OutputError) as caught:
        build(long)
    assert str(caught.value) == f"cannot write {long}: File name too long"
    folder = tmp_path / "data"
    build(folder)
    with pytest.raises(OutputError) as caught:
        replace_folder(folder, fill, known={"data"}, ours=Path.is_dir, what="a test", overwrite=True)
    assert str(caught.value) == f"cannot write {folder}: No space left on device"
    assert content(tmp_path) == {"data/data": "new"}


def test_only_one_build_is_at_work(tmp_path: Path) -> None:
    folder, workshop = tmp_path / "data", tmp_path / ".data.building"
    workshop.mkdir()
    with locked(workshop, "build"), pytest.raises(UsageError) as caught:
        build(folder)
    told = str(caught.value)
    assert told.startswith(f"another build (process {os.getpid()} on ")
    assert told.endswith(f") is at work in {workshop}; wait for it or name another folder")


def test_a_build_that_cannot_even_mark_its_folder_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        with pytest.raises(OutputError) as caught:
            build(tmp_path / "data")
    assert str(caught.value) == f"cannot write {tmp_path / 'data'}: No space left on device"
    assert list(tmp_path.iterdir()) == []


def test_what_another_build_made_meanwhile_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"

    @contextlib.contextmanager
    def meanwhile(workshop: Path, who: str) -> Iterator[None]:
        with locked(workshop, who):
            folder.mkdir()
            (folder / "thesis").touch()
            yield

    monkeypatch.setattr("schemas.disk.whole_folder.locked", meanwhile)
    with pytest.raises(OutputError) as caught:
        build(folder)
    assert str(caught.value) == (
        f"cannot write {folder}: it holds 'thesis', which is no part of a test; name another folder or empty "
        "this one"
    )


def test_whoever_builds_must_be_able_to_write_and_to_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(os, "access", lambda path, mode: asked.append(mode))
    with pytest.raises(OutputError) as caught:
        build(tmp_path / "data")
    assert str(caught.value) == f"cannot write {tmp_path / 'data'}: no permission to write in {tmp_path}"
    assert asked == [os.W_OK | os.X_OK]
