"""Links, and files of others, under names that are ours: a deployment neither writes nor removes there."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.disk.owned import make_own_folder
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


POINTER = "cannot deploy to {}: PRODUCTION.json must be a link to current/PRODUCTION.json; remove it"


def _link(name: str) -> str:
    return (
        f"cannot write {{}}/{name}: it is a symbolic link, and under a name that gatekeeper chooses none is "
        "followed; remove it"
    )


PLANTED: dict[str, tuple[Plant, str]] = {
    **{
        name: (_place(name), _link(name))
        for name in ("releases", "models", "reports", "releases/000009", f"reports/{'ab' * 32}")
    },
    "current": (_place("current"), "{0}/current leads out of {0}; point it at a release in releases"),
    "pointer": (_file("PRODUCTION.json"), POINTER),
    "pointer, hard": (_file("PRODUCTION.json", hard=True), POINTER),
    "lock": (_file(".lock"), _link(".lock")),
    "lock, hard": (
        _file(".lock", hard=True),
        "cannot lock {}: .lock is a file with another name too; remove it",
    ),
    "reserve": (_file(".reserve-for-rollback"), _link(".reserve-for-rollback")),
    "a file of somebody's in half a release": (
        _foreign_part,
        "{}/releases/000009 is no whole release, and 'thesis' in it is none of ours; move it away",
    ),
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
@pytest.mark.parametrize(("plant", "says"), PLANTED.values(), ids=PLANTED)
def test_nothing_is_written_or_removed_where_a_planted_link_leads(
    plant: Plant, says: str, deployed: int, victim: Path, offers: Offers, target: Path
) -> None:
    for number in range(deployed):
        put(offers(f"number {number}"), target)
    if not deployed:
        for name in ("releases", "models", "reports"):
            (target / name).mkdir(parents=True)
    plant(target, victim)
    before, there = snapshot(victim), snapshot(target)
    offer = offers("next")
    with pytest.raises((OutputError, ReportError)) as caught:
        deploy(offer.model, offer.submission, ANY, target, now=NOW)
    assert str(caught.value) == says.format(target)
    if deployed == 2:
        with pytest.raises((OutputError, ReportError)) as caught:
            roll_back(target, now=NOW)
        assert str(caught.value) == says.format(target)
    assert snapshot(victim) == before
    assert snapshot(target) == there


@pytest.mark.parametrize("name", ["report.json", "two.report.scores.npz"])
def test_a_link_under_the_name_of_a_kept_file_is_not_followed(
    name: str, victim: Path, offers: Offers, target: Path
) -> None:
    put(offers("one"), target)
    offer = offers("two", scores=b"scores")
    place = target / "reports" / offer.submission.sha256
    place.mkdir()
    (place / name).symlink_to(victim / "thesis")
    with pytest.raises(OutputError) as caught:
        deploy(offer.model, offer.submission, ANY, target, now=NOW)
    assert str(caught.value) == _link(f"reports/{place.name}/{name}").format(target)
    assert (victim / "thesis").read_text() == "precious"


def test_a_link_that_appears_after_the_look_is_not_followed(
    victim: Path, offers: Offers, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(offers("one"), target)
    offer = offers("two")

    def make(place: Path) -> None:
        make_own_folder(place)
        (target / "reports").rename(victim / "reports")
        (target / "reports").symlink_to(victim / "reports")

    monkeypatch.setattr("gatekeeper.deployment.folder.make_own_folder", make)
    with pytest.raises(OutputError) as caught:
        deploy(offer.model, offer.submission, ANY, target, now=NOW)
    assert str(caught.value) == _link("reports").format(target)
    assert list((victim / "reports" / offer.submission.sha256).iterdir()) == []


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
