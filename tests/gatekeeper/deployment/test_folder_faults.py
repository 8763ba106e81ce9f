"""Deployments when the disk or the process fails: the old release or the new one, never a mixture."""

import contextlib
import errno
import functools
import hashlib
import itertools
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatekeeper.deployment import submission
from gatekeeper.deployment.target import Release as Production
from schemas.errors import GatekeeperError, OutputError
from schemas.reading.report import parse_report
from tests.gatekeeper.deployment.conftest import Offers
from tests.gatekeeper.deployment.faults import FILLING, IGNORED, LinkedDisk
from tests.gatekeeper.deployment.served import deploy, history, roll_back, snapshot
from tests.gatekeeper.deployment.served import served_release as served
from tests.gatekeeper.deployment.submissions import NOW, RELATIVE, TRUSTED, Offer, trusting
from tests.trainers.faults import Killed, failing, full

DEMANDS = trusting(TRUSTED, policy=RELATIVE)


LITTER = {
    "releases/000002", "releases/000002/PRODUCTION.json", "releases/000002/model.pt",
    "models/.gatekeeper-0011223344556677.tmp", ".gatekeeper-7766554433221100.tmp",
}  # fmt: skip
"""Names of what the litter of a scene consists of."""


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch, quick: None) -> None:
    """The same few reports are parsed thousands of times."""
    monkeypatch.setattr(submission, "parse_report", functools.cache(parse_report))


@dataclass(frozen=True)
class Scene:
    """Something that is done to a deployment folder, again and again to a fresh copy of it.

    Attributes:
        folder: as it is before; there may be none.
        act: what is done.
        go_on: a deployment of another model, afterwards.
        past: the releases before, newest first.
        new: what is in production when nothing fails.
    """

    folder: Path
    act: Callable[[Path], Production]
    go_on: Callable[[Path], Production]
    past: tuple[Production, ...]
    new: Production

    def copies(self) -> Iterator[Path]:
        for number in itertools.count():
            folder = self.folder.with_name(f"{self.folder.name}{number}")
            if self.folder.exists():
                shutil.copytree(self.folder, folder, symlinks=True)
            yield folder

    def check(self, folder: Path) -> bool:
        """Whether the new release is served; else it is the old one, and from either one can go on."""
        now = served(folder, linked=False)
        switched = now == self.new
        before = (self.new, *self.past) if switched else self.past
        assert history(folder) == before
        later = self.go_on(folder)
        assert served(folder) == later
        assert history(folder) == (later, *before)
        assert all(is_whole(folder, path) for path in left_over(folder))
        return switched


def put(offer: Offer, folder: Path) -> Production:
    done = deploy(offer.model, offer.submission, DEMANDS, folder, now=NOW)
    assert done.production is not None
    return done.production


def back(folder: Path) -> Production:
    return roll_back(folder, now=NOW)


def left_over(folder: Path) -> set[str]:
    """What no release needs."""
    needed = {"current", "PRODUCTION.json", "releases", "models", "reports"}
    for each in history(folder):
        release, report = f"releases/{each.release:06d}", f"reports/{each.report_sha256}"
        needed |= {release, report, f"models/{each.model.sha256}{Path(each.model.file).suffix}"}
        needed |= {f"{release}/{name}" for name in ("PRODUCTION.json", "report.json", each.model.file)}
        needed |= {f"{report}/{name}" for name in ("report.json", "report.dsse.json")}
    return {
        path
        for path in snapshot(folder).keys() - needed
        if not (path.endswith(".report.scores.npz") and str(Path(path).parent) in needed)
    }


def is_whole(folder: Path, path: str) -> bool:
    """Whether what was stored, but not released, has all its parts and is what its name says."""
    kind, digest = path.split("/")[:2]
    if kind == "releases":
        place = folder / kind / digest
        return all((place / name).exists() for name in ("PRODUCTION.json", "report.json", "model.pt"))
    if kind == "reports":
        return True  # a report that is not whole is not believed
    content = (folder / path).read_bytes()
    return kind == "models" and hashlib.sha256(content).hexdigest() == Path(digest).stem


def litter(folder: Path) -> None:
    """What deployments leave that did not get through."""
    number = len(list((folder / "releases").iterdir())) + 1
    place = folder / "releases" / f"{number:06d}"
    place.mkdir()
    (place / "PRODUCTION.json").write_bytes(b'{"schema_ver')
    (place / "model.pt").symlink_to("../../models/nothing.pt")
    (folder / "models" / ".gatekeeper-0011223344556677.tmp").write_bytes(b"half a mo")
    (folder / ".gatekeeper-7766554433221100.tmp").symlink_to(f"releases/{number:06d}")


@pytest.fixture(params=["first", "first in a folder", "second", "again", "after litter", "rollback"])
def scene(request: pytest.FixtureRequest, offers: Offers, tmp_path: Path) -> Scene:
    one, two, three = (offers(name, key=TRUSTED, scores=b"scores") for name in ("one", "two", "three"))
    folder = tmp_path / "production"
    if request.param == "first in a folder":
        folder.mkdir()
    if request.param not in ("first", "first in a folder"):
        put(one, folder)
    if request.param in ("again", "rollback"):
        put(two, folder)
    if request.param == "after litter":
        litter(folder)
    past = history(folder)
    undisturbed = tmp_path / "undisturbed"
    if folder.exists():
        shutil.copytree(folder, undisturbed, symlinks=True)
    act = back if request.param == "rollback" else functools.partial(put, two)
    return Scene(folder, act, functools.partial(put, three), past, act(undisturbed))


def test_all_is_flushed_before_the_switch_and_the_switch_is_flushed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = next(scene.copies())
    before: list[set[str]] = []

    def watch(name: str) -> None:
        if name == "replace":
            before.append({change.path.name for change in disk.pending})

    with monkeypatch.context() as patch:
        disk = LinkedDisk(patch, watch)
        assert scene.act(folder) == scene.new
    switch = len(disk.done) - disk.done[::-1].index("replace")
    reserve = ["pwrite", "close lock"] if scene.act is back else []
    assert disk.done[switch:] == ["open folder", "fsync folder", "close folder", *reserve, "close lock"]
    assert (disk.loose, disk.pending) == (set(), [])
    # What is not flushed by then is the new pointer, and a link that only people follow.
    names = {name for name in before[-1] if not name.startswith(".gatekeeper-")}
    assert names <= {"PRODUCTION.json", ".lock"}
    assert scene.check(folder)


@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_the_process_dies_at_any_operation(
    scene: Scene, kept: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for number, folder in enumerate(scene.copies()):
        ended = False
        with monkeypatch.context() as patch:
            disk = LinkedDisk(patch, failing(number, Killed), kept)
            try:
                scene.act(folder)
                ended = True
            except Killed:
                assert len(disk.done) == number
        found.append(scene.check(folder))
        if ended:
            break
    # The old release up to some operation, the new one from there on.
    assert set(found) == {False, True}
    assert found == sorted(found)


def test_the_power_fails_at_any_operation(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, found, ruins = False, set(), set()
    for number, folder in enumerate(scene.copies()):
        with monkeypatch.context() as patch:
            tokens = itertools.count()
            patch.setattr(secrets, "token_hex", lambda size, tokens=tokens: f"{next(tokens):0{2 * size}x}")
            disk = LinkedDisk(patch, failing(number, Killed), 0.5)
            try:
                scene.act(folder)
                ended = True
            except Killed:
                pass
        for ruin in disk.ruins(folder):
            content = frozenset(snapshot(ruin).items())
            if content not in ruins:  # most operations change nothing
                ruins.add(content)
                found.add(scene.check(ruin))
                assert scene.new in history(ruin) or not ended
            shutil.rmtree(ruin, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
        if ended:
            break
    assert found == {False, True}


@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_the_disk_is_full_at_any_operation(
    scene: Scene, lasting: bool, kept: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals: list[OutputError] = []
    for number, folder in enumerate(scene.copies()):
        before = snapshot(folder)
        with monkeypatch.context() as patch:
            LinkedDisk(patch, failing(number, full, only=FILLING, lasting=lasting), kept)
            try:
                scene.act(folder)
                break
            except OutputError as error:
                refusals.append(error)
        # What was in production is as it was.
        assert snapshot(folder).items() >= {
            (name, content) for name, content in before.items() if name not in LITTER
        }
        assert not scene.check(folder)
    assert len(refusals) >= 12
    assert {(str(each).rpartition(": ")[2], each.exit_code) for each in refusals} == {
        ("No space left on device", 3)
    }
    assert scene.check(folder)


@pytest.mark.parametrize("lasting", [False, True])
def test_any_operation_fails(scene: Scene, lasting: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading, locking and removing too; what failed is an error of ours with exit code 3, or ignored."""

    def broken() -> OSError:
        return OSError(errno.EIO, "Input/output error")

    found, ignored, refusals = set(), set(), set()
    for number, folder in enumerate(scene.copies()):
        names: list[str] = []
        fail = failing(number, broken, lasting=lasting)

        def watch(name: str, fail: Callable[[str], None] = fail, names: list[str] = names) -> None:
            names.append(name)
            fail(name)

        with monkeypatch.context() as patch:
            disk = LinkedDisk(patch, watch, 0.5)
            try:
                scene.act(folder)
                if len(disk.done) == len(names):
                    break
                ignored.add(names[number])
            except GatekeeperError as error:
                refusals.add((str(error).rpartition(": ")[2], error.exit_code))
        found.add(scene.check(folder))
    assert found == {False, True}
    assert refusals == {("Input/output error", 3)}
    assert ignored <= set(IGNORED)
    assert scene.check(folder)


@pytest.mark.parametrize("scene", ["first", "second", "again"], indirect=True)
def test_the_next_deployment_removes_all_half_files_that_a_dead_one_left(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, folder in enumerate(scene.copies()):
        ended = False
        with monkeypatch.context() as patch:
            LinkedDisk(patch, failing(number, Killed), 0.5)
            with contextlib.suppress(Killed):
                scene.act(folder)
                ended = True
        scene.go_on(folder)
        assert [path for path in folder.rglob("*") if path.name.startswith(".gatekeeper-")] == []
        if ended:
            break


@pytest.mark.parametrize("scene", ["first", "second"], indirect=True)
def test_a_full_disk_is_not_left_with_half_a_model(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, folder in enumerate(scene.copies()):
        with monkeypatch.context() as patch:
            LinkedDisk(patch, failing(number, full, only=FILLING), 0.5)
            try:
                scene.act(folder)
                break
            except OutputError:
                pass
        names = [path.name for path in (folder / "models").glob(".*")]
        assert names == []
