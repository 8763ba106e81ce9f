"""What lies beside a folder under a name that nobody told us: what no build of ours made stays."""

from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.disk.whole_folder import left_behind, replace_folder
from schemas.errors import OutputError

MARK = "made-by-gatekeeper"


def build(folder: Path) -> None:
    def fill(place: Path) -> None:
        (place / "data").write_text("new")

    replace_folder(
        folder,
        fill,
        known={"data"},
        ours=lambda there: (there / "data").is_file(),
        what="a test",
        overwrite=True,
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


PLANTED = {
    "the folder": _whole, "a marked folder": _marked, "new": _inside("new"), "old": _inside("old"),
    "unmarked": _unmarked, "the mark": _mark_is_a_link, "the lock": _lock,
}  # fmt: skip


@pytest.mark.parametrize("there", [False, True], ids=["first build", "second build"])
@pytest.mark.parametrize("put", PLANTED.values(), ids=PLANTED)
def test_what_no_build_made_is_left_alone(
    tmp_path: Path, put: Callable[[Path, Path], None], there: bool
) -> None:
    victim, workshop, folder = tmp_path / "victim", tmp_path / ".data.building", tmp_path / "data"
    for name, text in (("old", "thesis"), ("new", "photos")):
        (victim / name).mkdir(parents=True)
        (victim / name / text).write_text(text)
    if there:
        build(folder)
    put(workshop, victim)
    before = content(victim.resolve())
    with pytest.raises(OutputError, match=r"^cannot (use|write) .*(remove it|move it away)$"):
        build(folder)
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
