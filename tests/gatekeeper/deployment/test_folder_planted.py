"""Links, and files of others, under names that are ours: a deployment neither writes nor removes there."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.errors import OutputError, ReportError
from tests.gatekeeper.deployment.conftest import Offers
from tests.gatekeeper.deployment.served import ANY, deploy, put, roll_back, snapshot
from tests.gatekeeper.deployment.submissions import NOW

Plant = Callable[[Path, Path], None]


def _place(name: str) -> Plant:
    """The victim's folder under a name of ours; what was there moves into it."""

    def plant(target: Path, victim: Path) -> None:
        if os.path.lexists(target / name):
            (target / name).rename(victim / "before")
        (target / name).symlink_to(victim)

    return plant


def _file(name: str, *, hard: bool = False) -> Plant:
    def plant(target: Path, victim: Path) -> None:
        (target / name).unlink(missing_ok=True)
        if hard:
            (target / name).hardlink_to(victim / "thesis")
        else:
            (target / name).symlink_to(victim / "thesis")

    return plant


def _foreign_part(target: Path, victim: Path) -> None:
    (target / "releases" / "000009").mkdir()
    (target / "releases" / "000009" / "thesis").write_text("precious")


PLANTED: dict[str, Plant] = {
    "releases": _place("releases"),
    "models": _place("models"),
    "reports": _place("reports"),
    "a release": _place("releases/000009"),
    "a report": _place(f"reports/{'ab' * 32}"),
    "current": _place("current"),
    "pointer": _file("PRODUCTION.json"),
    "pointer, hard": _file("PRODUCTION.json", hard=True),
    "lock": _file(".lock"),
    "lock, hard": _file(".lock", hard=True),
    "reserve": _file(".reserve-for-rollback"),
    "a file of somebody's in half a release": _foreign_part,
}


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder of somebody's, half a release and a temporary file of ours by its names."""
    folder = tmp_path / "victim"
    (folder / "notes").mkdir(parents=True)
    for name in ("thesis", "report.json", ".gatekeeper-0011223344556677.tmp", "notes/page"):
        (folder / name).write_text("precious")
    return folder


@pytest.mark.parametrize("deployed", [0, 1, 2])
@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_nothing_is_written_or_removed_where_a_planted_link_leads(
    plant: Plant, deployed: int, victim: Path, offers: Offers, target: Path
) -> None:
    for number in range(deployed):
        put(offers(f"number {number}"), target)
    if not deployed:
        for name in ("releases", "models", "reports"):
            (target / name).mkdir(parents=True)
    plant(target, victim)
    before, there = snapshot(victim), snapshot(target)
    offer = offers("next")
    with pytest.raises((OutputError, ReportError), match=r"remove it|move it away|point it at a release"):
        deploy(offer.model, offer.submission, ANY, target, now=NOW)
    if deployed == 2:
        with pytest.raises((OutputError, ReportError)):
            roll_back(target, now=NOW)
    assert snapshot(victim) == before
    assert snapshot(target) == there


def test_a_reserve_with_another_name_is_made_anew(victim: Path, offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    _file(".reserve-for-rollback", hard=True)(target, victim)
    before = snapshot(victim)
    put(offers("two"), target)
    assert (target / ".reserve-for-rollback").stat().st_size == 2**16
    assert (target / ".reserve-for-rollback").stat().st_nlink == 1
    assert snapshot(victim) == before


def test_a_link_to_the_folder_itself_is_the_users(offers: Offers, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to("disk")
    put(offers("one"), tmp_path / "link")
    assert (tmp_path / "disk" / "current" / "model.pt").is_file()


def test_current_may_be_set_by_hand_with_an_absolute_path(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    put(offers("two"), target)
    (target / "current").unlink()
    (target / "current").symlink_to(target / "releases" / "000001")
    assert put(offers("three"), target).replaced == 1


# The reserve


def test_every_deployment_leaves_a_reserve(offers: Offers, target: Path) -> None:
    reserve = target / ".reserve-for-rollback"
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


@pytest.mark.parametrize("room", [2**16, 5_000, 0])
def test_a_rollback_frees_the_reserve_and_takes_what_is_left_of_it(
    room: int, offers: Offers, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve = target / ".reserve-for-rollback"
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
    (target / ".reserve-for-rollback").unlink()
    assert roll_back(target, now=NOW).restores == 1


def test_a_rollback_empties_no_file_that_has_another_name(victim: Path, offers: Offers, target: Path) -> None:
    for name in ("one", "two"):
        put(offers(name), target)
    _file(".reserve-for-rollback", hard=True)(target, victim)
    before = snapshot(victim)
    assert roll_back(target, now=NOW).restores == 1
    assert snapshot(victim) == before


def test_a_rollback_needs_less_than_the_reserve(offers: Offers, target: Path) -> None:
    def taken() -> int:
        # A folder and a link take a block each where they are not kept in their inode.
        return sum(max(path.lstat().st_blocks * 512, 4096) for path in target.rglob("*"))

    for name in ("one", "two"):
        put(offers(name), target)
    before = taken()
    roll_back(target, now=NOW)
    assert (target / ".reserve-for-rollback").stat().st_blocks * 512 >= 2**16
    assert taken() - before < 2**15  # the temporary file of the record lies beside it for a moment
