"""Saved states when the disk fails: every operation of a save in turn is the last one, or refused."""

import errno
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemas.errors import OutputError
from tests.trainers.faults import FILLING, Disk, Killed, failing, full, passing
from tests.trainers.states import contents, latest, manifest, names, saved, state
from trainers.checkpoints.saved_states import Store

ROOT = Path(__file__).parents[3]

Runs = Callable[[int], Iterator[Path]]

counts = pytest.mark.parametrize("count", [0, 1, 2])
"""States there are before."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of flushes would only cost time; the power that fails here is a pretence."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """``count`` -> any number of runs with so many states and some litter, each in a folder of its own."""

    def make(count: int) -> Iterator[Path]:
        first = tmp_path / "first"
        first.mkdir()
        if count:
            saved(first, count)
            (first / "checkpoints" / ".gatekeeper-0011223344556677.tmp").write_bytes(b"half a st")
        for number in itertools.count():
            run = tmp_path / f"run{number}"
            shutil.copytree(first, run)
            yield run

    return make


def save_next(run: Path, count: int) -> None:
    Store(run).save(state(count + 1), epoch=count + 1, step=10 * (count + 1))


def check_goes_on(run: Path, count: int) -> None:
    """One more state is saved, and nothing is left but it and the one before it."""
    before = [str(record["file"]) for record in manifest(run)][-1:] if latest(run)[0] else []
    save_next(run, count + 2)
    assert latest(run) == (count + 3, [])
    files = [str(record["file"]) for record in manifest(run)]
    assert files[:-1] == before
    assert names(run) == ["manifest.json", *files]


@counts
def test_a_save_touches_the_disk_in_all_these_ways(
    count: int, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = next(runs(count))
    with monkeypatch.context() as patch:
        disk = Disk(patch, passing)
        save_next(run, count)
    written = ["open", "write", "flush", "fsync", "close", "replace", "fsync folder"]
    # The state, then the manifest, and only then is something removed.
    assert disk.done[0] == "mkdir"
    assert [name for name in disk.done if name in written] == written * 2
    last = len(disk.done) - disk.done[::-1].index("fsync folder")
    removed = {0: 0, 1: 1, 2: 2}[count]  # the litter, and the first of three states
    assert disk.done[last:].count("unlink") == removed
    assert (disk.loose, disk.renamed) == (set(), [])


@counts
@pytest.mark.parametrize(("end", "kept"), [("kill", 0.0), ("kill", 0.5), ("power cut", 0.5)])
def test_death_at_any_operation(
    end: str, kept: float, count: int, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, ended = [], False
    for number, run in enumerate(runs(count)):
        with monkeypatch.context() as patch:
            disk = Disk(patch, failing(number, Killed), kept)
            try:
                save_next(run, count)
                ended = True
            except Killed:
                assert len(disk.done) == number
        if end == "power cut":
            disk.cut_power()
        # What the manifest names last is whole: nothing had to be passed over.
        now, notes = latest(run)
        assert notes == []
        found.append(now or 0)
        check_goes_on(run, count)
        if ended:
            break
    # The previous state up to some operation, the new one from there on.
    assert set(found) == {count, count + 1}
    assert found == sorted(found)


@counts
@pytest.mark.parametrize("lasting", [False, True])
def test_a_full_disk_at_any_operation(
    lasting: bool, count: int, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, run in zip(range(1 + 2 * 6), runs(count), strict=False):  # the folder, and two files
        before = contents(run)
        with monkeypatch.context() as patch:
            Disk(patch, failing(number, full, only=FILLING, lasting=lasting), kept=0.5)
            with pytest.raises(OutputError, match=r"^cannot .*: No space left on device$"):
                save_next(run, count)
        assert latest(run) == (count or None, [])
        after = contents(run)
        # What was there is as it was; a state that no manifest names is all that may be new.
        assert {name: after[name] for name in before} == before
        assert after.keys() - before.keys() <= {f"state{count + 1:06d}.pt"}
        check_goes_on(run, count)


@counts
@pytest.mark.parametrize("name", ["open folder", "fsync folder", "close folder"])
def test_a_folder_that_cannot_be_flushed_is_no_failure(
    name: str, count: int, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = next(runs(count))
    with monkeypatch.context() as patch:
        disk = Disk(patch, failing(0, full, only=[name]))
        save_next(run, count)
    assert name not in disk.done
    assert latest(run) == (count + 1, [])


@counts
@pytest.mark.parametrize(
    ("name", "passed"),
    [
        ("unlink", 2),  # the two before are of temporary files that the renaming has already taken away
        ("iterdir", 0),
    ],
)
def test_files_that_cannot_be_removed_are_left(
    name: str, passed: int, count: int, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = next(runs(count))
    before = contents(run).keys()
    with monkeypatch.context() as patch:
        disk = Disk(patch, failing(passed, full, only=[name]))
        save_next(run, count)
    assert disk.done.count(name) == passed
    assert contents(run).keys() == {*before, "manifest.json", f"state{count + 1:06d}.pt"}
    assert latest(run) == (count + 1, [])
    check_goes_on(run, count)


@pytest.mark.parametrize("damage", ["other", "unreadable"])
def test_a_state_that_reads_back_differently_is_never_named(
    damage: str, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, real = next(runs(2)), Path.read_bytes

    def read(path: Path) -> bytes:
        if path.name != "state000003.pt":
            return real(path)
        if damage == "unreadable":
            raise OSError(errno.EIO, "Input/output error")
        return real(path)[:-1] + b"?"

    before = (run / "checkpoints" / "manifest.json").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", read)
        with pytest.raises(OutputError, match=r"state000003\.pt reads back differently"):
            save_next(run, 2)
    assert (run / "checkpoints" / "manifest.json").read_bytes() == before
    assert latest(run) == (2, [])
    check_goes_on(run, 2)


def test_a_real_limit_of_the_system(tmp_path: Path) -> None:
    """A process that may not write files of more than 50,000 bytes saves a state of 400,000."""
    store = saved(tmp_path, 1)
    program = """
import resource, sys, torch
from pathlib import Path
from schemas.errors import OutputError
from trainers.checkpoints.saved_states import Store

resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    Store(Path(sys.argv[1])).save({"weight": torch.zeros(100_000)}, epoch=2, step=20)
except OutputError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    path = tmp_path / "checkpoints" / "state000002.pt"
    expected = f"cannot write {path}: File too large\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")
    assert names(tmp_path) == ["manifest.json", "state000001.pt"]
    assert latest(tmp_path) == (1, [])
    store.save(state(2), epoch=2, step=20)
    assert latest(tmp_path) == (2, [])
