"""Releases in a folder: their history, pointers that are not what they should be, leftovers."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.deployment.releases import history, production
from schemas.errors import ReportError, UsageError
from tests.gatekeeper.deployment.folders import (
    Offers,
    back,
    edit,
    numbers,
    refuses,
)
from tests.gatekeeper.deployment.served import ANY, deploy, put, roll_back, snapshot
from tests.gatekeeper.deployment.submissions import NOW

pytestmark = pytest.mark.usefixtures("quick")


# History.


@pytest.mark.parametrize("number", [1, 2])
def test_a_history_with_a_broken_record_is_refused(offers: Offers, target: Path, number: int) -> None:
    for name in ("one", "two", "three"):
        put(offers(name), target)
    (target / "releases" / f"{number:06d}" / "PRODUCTION.json").write_text("{}")
    with pytest.raises(ReportError, match=f"{number:06d}"):
        history(target)
    assert production(target) is not None


@pytest.mark.parametrize("replaced", [2, 3])
def test_a_history_that_runs_in_a_circle_is_refused(offers: Offers, target: Path, replaced: int) -> None:
    for name in ("one", "two", "three"):
        put(offers(name), target)
    edit(target / "releases" / "000002" / "PRODUCTION.json", replaced=replaced)
    with pytest.raises(ReportError) as caught:
        history(target)
    assert str(caught.value) == f"{target}: release 2 claims to have replaced {replaced}"


def test_a_folder_that_is_not_there_yet_has_no_history(target: Path) -> None:
    assert history(target) == ()


@pytest.mark.parametrize("what", ["file", "dangling link", "below nothing"])
def test_what_can_be_no_deployment_folder_has_no_history_either(what: str, tmp_path: Path) -> None:
    path = tmp_path / "nothing" / "there" if what == "below nothing" else tmp_path / "there"
    if what == "file":
        path.write_text("")
    elif what == "dangling link":
        path.symlink_to("nowhere")
    with pytest.raises(UsageError) as caught:
        history(path)
    assert str(caught.value) == f"{path} is no deployment folder"


def test_reading_the_history_changes_nothing(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*")}
    history(target)
    production(target)
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*")} == before


# A pointer that is not what it should be.


def file(path: Path) -> None:
    path.write_text("000002")


def _to_nowhere(path: Path) -> None:
    path.symlink_to("releases/000009")


def _to_itself(path: Path) -> None:
    path.symlink_to("current")


def _to_a_folder_without_a_record(path: Path) -> None:
    path.symlink_to("models")


def _to_a_broken_record(path: Path) -> None:
    (path.parent / "releases" / "000002" / "PRODUCTION.json").write_bytes(b'{"schema_version": "1.0"')
    path.symlink_to("releases/000002")


def _to_an_empty_record(path: Path) -> None:
    (path.parent / "releases" / "000002" / "PRODUCTION.json").write_bytes(b"")
    path.symlink_to("releases/000002")


@pytest.mark.parametrize(
    "damage",
    [
        file, Path.mkdir, os.mkfifo, _to_nowhere, _to_itself, _to_a_folder_without_a_record,
        _to_a_broken_record, _to_an_empty_record,
    ],
)  # fmt: skip
def test_a_pointer_to_no_whole_release_is_refused_and_nothing_is_removed(
    offers: Offers, target: Path, damage: Callable[[Path], None]
) -> None:
    put(offers("one"), target)
    put(offers("two"), target)
    (target / "models" / ".gatekeeper-0011223344556677.tmp").write_bytes(b"half a mo")
    (target / "current").unlink()
    damage(target / "current")
    offer = offers("three")
    if damage is os.mkfifo:
        with pytest.raises(ReportError) as caught:
            deploy(offer.model, offer.submission, ANY, target, now=NOW)
        assert str(caught.value) == (
            f"{target / 'current'} must be a symbolic link to a release, found something else"
        )
        return
    for act in (
        lambda: deploy(offer.model, offer.submission, ANY, target, now=NOW),
        lambda: roll_back(target),
        lambda: history(target),
        lambda: production(target),
    ):
        assert "current" in refuses(target, ReportError, act)


def test_a_pointer_mended_by_hand_goes_on(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    put(offers("two"), target)
    (target / "current").unlink()
    _to_nowhere(target / "current")
    with pytest.raises(ReportError):
        production(target)
    (target / "current").unlink()
    (target / "current").symlink_to("releases/000002")
    assert numbers(put(offers("three"), target)) == (3, 2, 2, None)


@pytest.mark.parametrize("count", [2, 3])
def test_a_pointer_deleted_by_hand_removes_no_release(offers: Offers, target: Path, count: int) -> None:
    made = [offers(f"number {number}") for number in range(count)]
    for offer in made:
        put(offer, target)
    (target / "current").unlink()
    assert production(target) is None
    message = refuses(
        target,
        ReportError,
        lambda: deploy(made[0].model, made[0].submission, ANY, target, now=NOW),
    )
    assert message in [
        f"{target / 'current'} is gone, but not release {number}; point current at the release that should "
        "be in production"
        for number in range(2, count + 1)
    ]
    refuses(target, UsageError, lambda: roll_back(target))
    (target / "current").symlink_to(f"releases/{count:06d}")
    assert put(made[0], target).release == count + 1


def test_a_pointer_deleted_by_hand_does_not_remove_the_only_release(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    (target / "current").unlink()
    before = snapshot(target / "releases")
    assert numbers(put(offers("two"), target)) == (2, None, None, None)
    assert before.items() <= snapshot(target / "releases").items()


@pytest.mark.parametrize(
    ("count", "to"),
    [
        (2, 1),
        (3, 2),
        (3, 1),
    ],
)
def test_a_pointer_set_back_by_hand_removes_no_release(
    offers: Offers, target: Path, count: int, to: int
) -> None:
    for number in range(count):
        put(offers(f"number {number}"), target)
    (target / "current").unlink()
    (target / "current").symlink_to(f"releases/{to:06d}")
    before = snapshot(target / "releases")
    assert numbers(put(offers("next"), target)) == (count + 1, to, to, None)
    assert before.items() <= snapshot(target / "releases").items()


def test_leftovers_of_a_deployment_that_did_not_get_through_are_removed(offers: Offers, target: Path) -> None:
    first = put(offers("one"), target)
    for place in (target, target / "models"):
        (place / ".gatekeeper-0011223344556677.tmp").write_bytes(b"half a file")
    (target / ".gatekeeper-7766554433221100.tmp").symlink_to("releases/000002")
    orphan = target / "releases" / "000002"
    orphan.mkdir()
    (orphan / "PRODUCTION.json").write_bytes(b"{")
    (orphan / "model.pt").symlink_to("../../models/nothing.pt")
    (orphan / ".gatekeeper-0123456701234567.tmp").write_bytes(b"")
    (target / "notes.txt").write_text("not ours")
    second = put(offers("two"), target)
    assert numbers(second) == (2, 1, 1, None)
    assert not [path for path in target.rglob("*") if path.name.startswith(".gatekeeper-")]
    assert (target / "notes.txt").read_text() == "not ours"
    assert history(target) == (second, first)


def test_a_release_without_its_model_or_report_is_half_a_release(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    for lost in ("model.pt", "report.json"):
        half = target / "releases" / "000002"
        shutil.copytree(target / "releases" / "000001", half, symlinks=True)
        edit(half / "PRODUCTION.json", release=2, replaced=1)
        (half / lost).unlink()
        offer = offers(f"without {lost}")
        done = deploy(offer.model, offer.submission, ANY, target, now=NOW)
        assert done.production is not None
        assert done.production.release == 2
        assert roll_back(target, now=NOW).release == 3
        (target / "current").unlink()
        (target / "current").symlink_to("releases/000001")
        for number in (2, 3):
            shutil.rmtree(target / "releases" / f"{number:06d}")


def test_a_stray_file_among_the_reports_is_left_alone(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    (target / "reports" / "notes.txt").write_text("not ours")
    put(offers("two"), target)
    assert (target / "reports" / "notes.txt").read_text() == "not ours"


def test_a_rollback_removes_leftovers_too(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    put(offers("two"), target)
    (target / "releases" / "000003").mkdir()
    (target / "models" / ".gatekeeper-0011223344556677.tmp").write_bytes(b"half a mo")
    assert numbers(back(target)) == (3, 2, None, 1)
    assert not [path for path in target.rglob("*") if path.name.startswith(".gatekeeper-")]


def test_releases_go_on_after_a_million(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    releases = target / "releases"
    (releases / "000001").rename(releases / "999999")
    edit(releases / "999999" / "PRODUCTION.json", release=999_999)
    (target / "current").unlink()
    (target / "current").symlink_to("releases/999999")
    for name, number in (("two", 1_000_000), ("three", 1_000_001)):
        release = put(offers(name), target)
        assert release.release == number
        assert production(target) == release
    assert [each.release for each in history(target)] == [1_000_001, 1_000_000, 999_999]
