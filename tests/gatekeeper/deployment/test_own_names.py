"""The room that a rollback needs, put aside by every deployment."""

import errno
import os
from pathlib import Path

import pytest

from gatekeeper.deployment.own_names import keep_reserve
from schemas.errors import OutputError
from tests.gatekeeper.deployment.conftest import Offers
from tests.gatekeeper.deployment.served import put, roll_back, snapshot
from tests.gatekeeper.deployment.submissions import NOW

RESERVE = ".reserve-for-rollback"


@pytest.fixture
def thesis(tmp_path: Path) -> Path:
    """A file of somebody's."""
    path = tmp_path / "victim" / "thesis"
    path.parent.mkdir()
    path.write_text("precious")
    return path


def plant(target: Path, thesis: Path) -> None:
    """The file under the name of the reserve, too."""
    (target / RESERVE).unlink()
    (target / RESERVE).hardlink_to(thesis)


def test_a_reserve_with_another_name_is_made_anew(thesis: Path, offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    plant(target, thesis)
    before = snapshot(thesis.parent)
    put(offers("two"), target)
    assert (target / RESERVE).stat().st_size == 2**16
    assert (target / RESERVE).stat().st_nlink == 1
    assert snapshot(thesis.parent) == before


def test_every_deployment_leaves_a_reserve(offers: Offers, target: Path) -> None:
    reserve = target / RESERVE
    for name in ("one", "two"):
        put(offers(name), target)
        assert reserve.stat().st_size == 2**16
        assert len(set(reserve.read_bytes())) == 256  # nothing that a file system could store in less
    inode = reserve.stat().st_ino
    put(offers("three"), target)
    assert reserve.stat().st_ino == inode
    for left in (b"short", None):
        reserve.unlink()
        if left is not None:
            reserve.write_bytes(left)
        put(offers(f"after {left!r}"), target)
        assert reserve.stat().st_size == 2**16


def test_a_rollback_goes_on_where_the_reserve_cannot_be_emptied(
    offers: Offers, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        put(offers(name), target)
    real = os.ftruncate

    def ftruncate(descriptor: int, size: int) -> None:
        if os.fstat(descriptor).st_size == 2**16:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        real(descriptor, size)

    monkeypatch.setattr(os, "ftruncate", ftruncate)
    assert roll_back(target, now=NOW).restores == 1


@pytest.mark.parametrize("room", [2**16, 5_000, 0])
def test_a_rollback_frees_the_reserve_and_takes_what_is_left_of_it(
    room: int, offers: Offers, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve = target / RESERVE
    for name in ("one", "two", "three"):
        put(offers(name), target)
    sizes: list[int] = []
    real_symlink, real_pwrite = os.symlink, os.pwrite

    def symlink(source: str, place: Path) -> None:
        sizes.append(reserve.stat().st_size)
        real_symlink(source, place)

    def pwrite(descriptor: int, data: bytes, offset: int) -> int:
        if len(data) == 2**16 and not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real_pwrite(descriptor, data[:room] if len(data) == 2**16 else data, offset)

    monkeypatch.setattr(os, "symlink", symlink)
    monkeypatch.setattr(os, "pwrite", pwrite)
    for _ in range(2):
        roll_back(target, now=NOW)
        assert set(sizes) == {0}
        assert reserve.stat().st_size == room


def test_a_rollback_without_a_reserve_goes_on(offers: Offers, target: Path) -> None:
    for name in ("one", "two"):
        put(offers(name), target)
    (target / RESERVE).unlink()
    assert roll_back(target, now=NOW).restores == 1


def test_a_rollback_empties_no_file_that_has_another_name(thesis: Path, offers: Offers, target: Path) -> None:
    for name in ("one", "two"):
        put(offers(name), target)
    plant(target, thesis)
    before = snapshot(thesis.parent)
    assert roll_back(target, now=NOW).restores == 1
    assert snapshot(thesis.parent) == before


def test_a_rollback_needs_less_than_the_reserve(offers: Offers, target: Path) -> None:
    def taken() -> int:
        # A folder and a link take a block each where they are not kept in their inode.
        return sum(max(path.lstat().st_blocks * 512, 4096) for path in target.rglob("*"))

    for name in ("one", "two"):
        put(offers(name), target)
    before = taken()
    roll_back(target, now=NOW)
    assert (target / RESERVE).stat().st_blocks * 512 >= 2**16
    assert taken() - before < 2**15  # the temporary file of the record lies beside it for a moment


def test_a_link_in_place_of_a_reserve_is_refused(tmp_path: Path, thesis: Path) -> None:
    (tmp_path / RESERVE).symlink_to(thesis)
    with pytest.raises(OutputError, match="it is a symbolic link, and under a name that gatekeeper chooses"):
        keep_reserve(tmp_path)
    assert thesis.read_text() == "precious"
