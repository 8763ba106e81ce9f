"""Saved states: whole, numbered, the last two kept, whatever operation on the disk is the last one."""

import errno
import hashlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO

import pytest
import torch

from schemas.errors import OutputError, TrainingError, UsageError
from trainers.store import Entry, Store, locked

ROOT = Path(__file__).parents[2]
SIZE = 300


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of flushes would only cost time; the power that fails here is a pretence."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def state(number: int) -> dict[str, object]:
    """What the ``number``-th save stores; no two have a tensor in common."""
    return {
        "epoch": number,
        "name": f"run {number}",
        "rate": 0.5**number,
        "best": None,
        "steps": [1, 2.5, "three", True],
        "model": {"weight": torch.arange(SIZE) * 10.0 + number, "count": torch.tensor(number)},
        "optimizer": {0: {"exp_avg": torch.full((2, 3), -1.0 * number, dtype=torch.float64)}},
    }


def number_of(found: dict[str, object] | None) -> int | None:
    """Which state this is, every part of it compared; None where there is none."""
    if found is None:
        return None
    number = found["epoch"]
    assert isinstance(number, int)
    assert same(found, state(number))
    return number


def same(one: object, two: object) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(two, torch.Tensor):
        return one.dtype == two.dtype and torch.equal(one, two)
    if isinstance(one, dict) and isinstance(two, dict):
        return list(one) == list(two) and all(same(value, two[key]) for key, value in one.items())
    return type(one) is type(two) and one == two


def saved(run: Path, count: int) -> Store:
    """A store with the states 1 to ``count`` of steps 10, 20, ..."""
    store = Store(run)
    for number in range(1, count + 1):
        store.save(state(number), epoch=number, step=10 * number)
    return store


def latest(run: Path) -> tuple[int | None, list[str]]:
    """What a new process finds, and the sentences about what it had to pass over."""
    notes: list[str] = []
    return number_of(Store(run).latest(notes)), notes


def names(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints").iterdir())


def manifest(run: Path) -> list[dict[str, object]]:
    records: list[dict[str, object]] = json.loads((run / "checkpoints" / "manifest.json").read_bytes())
    return records


# What is kept


def test_there_is_nothing_before_the_first_state(tmp_path: Path) -> None:
    assert Store(tmp_path).entries() == []
    assert latest(tmp_path) == (None, [])
    assert list(tmp_path.iterdir()) == []


def test_the_newest_state_comes_back_whole(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        Store(tmp_path).save(state(number), epoch=number, step=0)
        assert latest(tmp_path) == (number, [])


def test_the_manifest_says_what_is_there(tmp_path: Path) -> None:
    store = saved(tmp_path, 3)
    expected = []
    for number, name in ((2, "state000002.pt"), (3, "state000003.pt")):
        data = (tmp_path / "checkpoints" / name).read_bytes()
        expected.append(
            {
                "number": number,
                "file": name,
                "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "epoch": number,
                "step": 10 * number,
            }
        )
    assert manifest(tmp_path) == expected
    assert [asdict(entry) for entry in store.entries()] == expected
    assert store.entries()[0] == Entry(**expected[0])  # type: ignore[arg-type]


def test_a_state_is_a_torch_archive(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    found = torch.load(tmp_path / "checkpoints" / "state000001.pt", weights_only=True)
    assert number_of(found) == 1


@pytest.mark.parametrize(("count", "kept"), [(1, [1]), (2, [1, 2]), (3, [2, 3]), (5, [4, 5])])
def test_the_last_two_are_kept(tmp_path: Path, count: int, kept: list[int]) -> None:
    saved(tmp_path, count)
    assert names(tmp_path) == ["manifest.json", *(f"state{number:06d}.pt" for number in kept)]


def test_what_a_killed_process_left_behind_is_removed(tmp_path: Path) -> None:
    store = saved(tmp_path, 1)
    folder = tmp_path / "checkpoints"
    (folder / ".gatekeeper-0011223344556677.tmp").write_bytes(b"half a st")
    (folder / "state000002.pt").write_bytes(b"never named")
    (folder / "state000007.pt").write_bytes(b"never named")
    store.save(state(2), epoch=2, step=20)
    assert names(tmp_path) == ["manifest.json", "state000001.pt", "state000002.pt"]
    assert latest(tmp_path) == (2, [])


def test_a_state_never_takes_the_name_of_one_in_the_manifest(tmp_path: Path) -> None:
    store = saved(tmp_path, 2)
    (tmp_path / "checkpoints" / "state000002.pt").unlink()
    store.save(state(3), epoch=3, step=30)
    assert [entry.number for entry in store.entries()] == [2, 3]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot make .*nowhere.checkpoints: No such file or directory"):
        Store(tmp_path / "nowhere").save(state(1), epoch=1, step=1)
    (tmp_path / "checkpoints").write_bytes(b"")
    with pytest.raises(OutputError, match=r"cannot make .*checkpoints: File exists"):
        Store(tmp_path).save(state(1), epoch=1, step=1)


# What is damaged


def torn(path: Path) -> None:
    """Only the first half is of this state, the rest was never written."""
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def flipped(path: Path) -> None:
    """One bit in the middle of the weights, where no archive structure is hurt."""
    data = bytearray(path.read_bytes())
    # 10 * 150 + number as little-endian float32 is how the middle weight is stored.
    number = int(path.stem.removeprefix("state"))
    needle = torch.tensor([10.0 * (SIZE // 2) + number]).numpy().tobytes()
    data[data.index(needle)] ^= 1
    path.write_bytes(data)


def missing(path: Path) -> None:
    path.unlink()


def replaced(path: Path) -> None:
    """A whole state, but another one."""
    shutil.copyfile(path.with_name("state000001.pt"), path)


def folder(path: Path) -> None:
    """Something else has the name."""
    path.unlink()
    path.mkdir()


Damage = Callable[[Path], None]
DAMAGES: list[Damage] = [torn, truncated, emptied, longer, flipped, missing, folder]
damages = pytest.mark.parametrize("damage", DAMAGES)


@pytest.mark.parametrize("damage", [*DAMAGES, replaced])
def test_a_damaged_state_is_passed_over(tmp_path: Path, damage: Damage) -> None:
    saved(tmp_path, 2)
    path = tmp_path / "checkpoints" / "state000002.pt"
    damage(path)
    assert latest(tmp_path) == (1, [f"{path} is missing or damaged; the one before it is used"])


@damages
def test_a_damaged_older_state_is_not_looked_at(tmp_path: Path, damage: Damage) -> None:
    saved(tmp_path, 2)
    damage(tmp_path / "checkpoints" / "state000001.pt")
    assert latest(tmp_path) == (2, [])


@damages
def test_nothing_whole_is_an_error(tmp_path: Path, damage: Damage) -> None:
    saved(tmp_path, 3)
    for name in ("state000002.pt", "state000003.pt"):
        damage(tmp_path / "checkpoints" / name)
    with pytest.raises(
        TrainingError,
        match=r"no state in .*checkpoints is whole: state000002\.pt, state000003\.pt; start a new run",
    ) as caught:
        Store(tmp_path).latest([])
    assert "\n" not in str(caught.value)


def test_a_digest_that_fits_does_not_make_an_archive(tmp_path: Path) -> None:
    saved(tmp_path, 2)
    data, records = b"no archive at all", manifest(tmp_path)
    (tmp_path / "checkpoints" / "state000002.pt").write_bytes(data)
    records[1] |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (tmp_path / "checkpoints" / "manifest.json").write_text(json.dumps(records))
    number, notes = latest(tmp_path)
    assert (number, len(notes)) == (1, 1)


def test_training_goes_on_after_a_damage(tmp_path: Path) -> None:
    store = saved(tmp_path, 2)
    torn(tmp_path / "checkpoints" / "state000002.pt")
    for number in (3, 4):
        store.save(state(number), epoch=number, step=10 * number)
        assert latest(tmp_path) == (number, [])
    assert names(tmp_path) == ["manifest.json", "state000003.pt", "state000004.pt"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[",
        b"7",
        b"null",
        b"[7]",
        b'["state000001.pt"]',
        b"[{}]",
        b'[{"number": 1}]',
        b'{"number": 1}',
        b'[{"number": 1, "file": "f", "bytes": 1, "sha256": "0", "epoch": 1, "step": 1, "more": 1}]',
        b'[{"number": 1, "file": "f", "bytes": 1, "sha256": "0", "epoch": 1, "step": 1}',
        b"\xff\xfe",
    ],
)
def test_a_broken_manifest_is_an_error(tmp_path: Path, content: bytes) -> None:
    store = saved(tmp_path, 2)
    (tmp_path / "checkpoints" / "manifest.json").write_bytes(content)
    for ask in (store.entries, lambda: store.latest([])):
        with pytest.raises(TrainingError, match=r"manifest\.json is no manifest of states: ") as caught:
            ask()
        assert "\n" not in str(caught.value)
    # The states themselves are still there for somebody who looks.
    assert names(tmp_path) == ["manifest.json", "state000001.pt", "state000002.pt"]


def test_a_folder_is_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / "manifest.json").mkdir(parents=True)
    with pytest.raises(TrainingError, match="is no manifest of states"):
        Store(tmp_path).latest([])


# Faults: every operation on the disk in turn is the one that fails


class Killed(BaseException):
    """The process is dead: no handler of errors sees it, and nothing is done after it."""


class Disk:
    """Shows each operation of a save to ``fail``, which lets it pass or raises instead of it.

    Attributes:
        done: the operations so far.
        loose: files whose content was not flushed; a power cut leaves half of it.
        renamed: files and their content before, of renames whose folder was not flushed; a power cut
            may undo the first of them and keep the others.
    """

    def __init__(self, patch: pytest.MonkeyPatch, fail: Callable[[str], None], kept: float = 0.0) -> None:
        self.fail, self.kept = fail, kept
        self.done: list[str] = []
        self.loose: set[Path] = set()
        self.renamed: list[tuple[Path, bytes | None]] = []
        self.paths: dict[int, Path] = {}
        self.real = {name: getattr(os, name) for name in ("open", "close", "fdopen", "fsync", "replace")}
        for name in self.real:
            patch.setattr(os, name, getattr(self, name))
        for name in ("mkdir", "unlink", "iterdir", "read_bytes", "read_text"):
            patch.setattr(Path, name, self._counted(name, getattr(Path, name)))

    def at(self, name: str) -> None:
        self.fail(name)
        self.done.append(name)

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        self.at("open" if flags & os.O_CREAT else "open folder")
        descriptor: int = self.real["open"](path, flags, mode)
        self.paths[descriptor] = Path(path)
        return descriptor

    def fdopen(self, descriptor: int, mode: str) -> "Writer":
        self.loose.add(self.paths[descriptor])
        return Writer(self.real["fdopen"](descriptor, mode, buffering=0), self)

    def fsync(self, descriptor: int) -> None:
        path = self.paths[descriptor]  # without the real one, which only costs time here
        self.at("fsync folder" if path.is_dir() else "fsync")
        self.loose.discard(path)
        self.renamed = [(target, before) for target, before in self.renamed if target.parent != path]

    def replace(self, source: Path, target: Path) -> None:
        self.at("replace")
        before = None
        if target.exists():
            with target.open("rb") as file:
                before = file.read()
        self.real["replace"](source, target)
        self.renamed.append((target, before))
        if source in self.loose:
            self.loose = self.loose - {source} | {target}

    def close(self, descriptor: int) -> None:
        self.real["close"](descriptor)  # of a dead process too
        self.at("close folder")

    def cut_power(self) -> None:
        for path in self.loose:
            if path.exists():
                os.truncate(path, path.stat().st_size // 2)
        for target, before in self.renamed[:1]:
            if before is None:
                target.unlink()
            else:
                target.write_bytes(before)

    def _counted(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def operation(*arguments: object, **more: object) -> object:
            self.at(name)
            return real(*arguments, **more)

        return operation


class Writer:
    """A file without a buffer; a write that fails leaves a share of its data behind."""

    def __init__(self, file: IO[bytes], disk: Disk) -> None:
        self.file, self.disk = file, disk

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.disk.at("close")

    def fileno(self) -> int:
        return self.file.fileno()

    def flush(self) -> None:
        self.disk.at("flush")

    def write(self, data: bytes) -> int:
        try:
            self.disk.at("write")
        except BaseException:
            self.file.write(data[: round(self.disk.kept * len(data))])
            raise
        return self.file.write(data)


counts = pytest.mark.parametrize("count", [0, 1, 2])
"""States there are before."""


def passing(name: str) -> None:
    """Nothing fails."""


def failing(
    number: int, error: Callable[[], BaseException], *, only: Collection[str] = (), lasting: bool = True
) -> Callable[[str], None]:
    """Let ``number`` operations pass and raise at the next one, and at all that follow if it is lasting.

    Args:
        number: of operations that pass.
        error: makes what is raised.
        only: operations that count; all of them where it is empty.
        lasting: whether those after the failing one fail too.
    """
    seen = 0

    def fail(name: str) -> None:
        nonlocal seen
        if only and name not in only:
            return
        seen += 1
        if seen == number + 1 or (lasting and seen > number):
            raise error()

    return fail


def full() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device")


Runs = Callable[[int], Iterator[Path]]


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


def contents(run: Path) -> dict[str, bytes]:
    folder = run / "checkpoints"
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


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


FILLING = ("mkdir", "open", "write", "flush", "fsync", "close", "replace")
"""Operations that a full disk refuses. It still removes files."""


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
def test_files_that_cannot_be_removed_are_left(
    count: int, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = next(runs(count))
    before = contents(run).keys()
    with monkeypatch.context() as patch:
        # The two before are of temporary files that the renaming has already taken away.
        Disk(patch, failing(2, full, only=["unlink"]))
        save_next(run, count)
    assert contents(run).keys() == {*before, "manifest.json", f"state{count + 1:06d}.pt"}
    assert latest(run) == (count + 1, [])
    check_goes_on(run, count)


@pytest.mark.parametrize("damage", ["other", "unreadable"])
def test_a_state_that_reads_back_differently_is_never_named(
    damage: str, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, real = next(runs(2)), Path.read_bytes

    def read(path: Path) -> bytes:
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
from trainers.store import Store

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


# The lock


def refusal(run: Path, pid: int) -> str:
    return f"another run (process {pid}) is at work in {run}; wait for it or name another folder"


def test_a_second_process_is_refused_until_the_first_is_dead(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from trainers.store import locked

with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "locked\n"
            for _ in range(2):  # the refused one takes nothing from the holder
                with pytest.raises(UsageError) as caught, locked(tmp_path):
                    pass
                assert str(caught.value) == refusal(tmp_path, holder.pid)
        finally:
            holder.kill()
        assert holder.wait(60) == -signal.SIGKILL
    with locked(tmp_path):
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"


def test_a_lock_goes_with_its_block(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path):
            with pytest.raises(UsageError) as caught, locked(tmp_path):
                pass
            assert str(caught.value) == refusal(tmp_path, os.getpid())
    with pytest.raises(ZeroDivisionError), locked(tmp_path):
        raise ZeroDivisionError
    with locked(tmp_path):
        pass


def test_a_lock_of_one_folder_is_none_of_another(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with locked(tmp_path), locked(tmp_path / "run"):
        pass


@pytest.mark.parametrize("content", ["", "123456789012345678901234567890\n", "no number"])
def test_a_lock_file_of_nobody_is_taken_over(tmp_path: Path, content: str) -> None:
    (tmp_path / ".lock").write_text(content)
    with locked(tmp_path):
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"


def test_a_lock_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught, locked(tmp_path / "nowhere"):
        pass
    assert str(caught.value) == f"cannot lock {tmp_path / 'nowhere'}: No such file or directory"
