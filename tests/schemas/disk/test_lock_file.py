"""The lock file itself: who may open it, and what is read of a stranger's."""

import errno
import fcntl
import os
import re
import socket
import stat
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.disk import lock
from schemas.disk.lock import locked
from schemas.errors import OutputError, UsageError


@pytest.mark.parametrize(("mask", "mode"), [(0o000, 0o666), (0o022, 0o644), (0o077, 0o600)])
def test_a_lock_may_be_opened_by_whom_the_umask_allows(tmp_path: Path, mask: int, mode: int) -> None:
    old = os.umask(mask)
    try:
        with locked(tmp_path, "run"):
            pass
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / ".lock").stat().st_mode) == mode


HERE = socket.gethostname()
DEAD = 2**22 + 1
"""No system gives a process such a number."""

MOMENT = "2026-03-01T10:00:00Z"
ABOUT = "since about 2001-09-09T01:46:40Z"


def held(folder: Path, content: bytes) -> str:
    """Who is said to hold a lock of that content."""
    path = folder / ".lock"
    path.write_bytes(content)
    os.utime(path, (1e9, 1e9))
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(UsageError) as caught, locked(folder, "build"):
            pass
    assert path.read_bytes() == content
    found = re.fullmatch(
        rf"another build \((.*)\) is at work in {re.escape(str(folder))}; wait for it or name another folder",
        str(caught.value),
    )
    assert found is not None, str(caught.value)
    return found[1]


def test_a_holder_is_named_by_what_its_lock_says(tmp_path: Path) -> None:
    mine = os.getpid()
    assert held(tmp_path, f"{mine} {HERE} {MOMENT}\n".encode()) == f"process {mine} on {HERE}, since {MOMENT}"
    # Of another machine nobody can tell whether the process lives. What follows is an older, longer lock's.
    told = f"{DEAD} build-7 {MOMENT}\n11 node-12345 {MOMENT}\n"
    assert held(tmp_path, told.encode()) == f"process {DEAD} on build-7, since {MOMENT}"


UNTOLD = {
    "empty": b"",
    "blank": b" \n",
    "torn": f"{DEAD} {HERE}".encode(),
    "zeros": bytes(100),
    "no text": b"\xff\n",
    "the number alone, of an earlier version": b"123\n",
    "digits": b"1" * 100,
    "a dead process": f"{DEAD} {HERE} {MOMENT}\n".encode(),
    "control characters": b"1 a\x1b[31mb 2026-03-01T10:00:00Z\n"[:20],
}


@pytest.mark.parametrize("content", UNTOLD.values(), ids=UNTOLD)
def test_a_holder_whose_lock_says_nothing_is_named_by_the_system(
    tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    if Path("/proc/locks").exists():
        assert held(tmp_path, content) == f"process {os.getpid()} on {HERE}, {ABOUT}"
    monkeypatch.setattr(lock, "_holder", lambda descriptor: None)  # as on a system that does not tell
    who = "process 123" if content == b"123\n" else "a process that could not write its name"
    assert held(tmp_path, content) == f"{who}, {ABOUT}"


def _linked(place: Path, victim: Path) -> None:
    place.symlink_to(victim)


def _hard(place: Path, victim: Path) -> None:
    place.hardlink_to(victim)


def _pipe(place: Path, victim: Path) -> None:
    os.mkfifo(place)


def _long(place: Path, victim: Path) -> None:
    place.write_bytes(b"x" * 513)


def _folder(place: Path, victim: Path) -> None:
    place.mkdir()


NO_FILE = "cannot write {}/.lock: it exists and is not a regular file"


@pytest.mark.parametrize(
    ("put", "says"),
    [
        (
            _linked,
            "cannot write {}/.lock: it is a symbolic link, and under a name that gatekeeper chooses none is "
            "followed; remove it",
        ),
        (_hard, "cannot lock {}: .lock is a file with another name too; remove it"),
        (_pipe, NO_FILE),
        (_folder, NO_FILE),
        (_long, "cannot lock {}: .lock is no lock of gatekeeper's; remove it or name another folder"),
    ],
)
def test_what_is_no_lock_of_ours_stays_as_it_is(
    tmp_path: Path, put: Callable[[Path, Path], None], says: str
) -> None:
    folder, victim = tmp_path / "folder", tmp_path / "victim"
    folder.mkdir()
    victim.write_text("precious")
    put(folder / ".lock", victim)
    before = (folder / ".lock").lstat()
    with pytest.raises(OutputError) as caught, locked(folder, "run"):
        pass
    assert str(caught.value) == says.format(folder)
    after = (folder / ".lock").lstat()
    assert (before.st_size, before.st_mtime_ns, before.st_ino) == (
        after.st_size,
        after.st_mtime_ns,
        after.st_ino,
    )
    assert victim.read_text() == "precious"


def test_a_link_that_appears_after_the_look_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "victim").write_text("precious")
    _linked(tmp_path / ".lock", tmp_path / "victim")
    monkeypatch.setattr(lock, "refuse_link", lambda path: None)
    with (
        pytest.raises(OutputError) as caught,
        locked(tmp_path, "run"),
    ):
        pass
    assert str(caught.value) == f"cannot lock {tmp_path}: {os.strerror(errno.ELOOP)}"
    assert (tmp_path / "victim").read_text() == "precious"


@pytest.mark.parametrize(
    ("name", "host"), [("", "-"), ("build-7", "build-7"), ("my\thost é", "my-host--"), ("x" * 256, "x" * 255)]
)
def test_a_host_is_written_as_one_short_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, host: str
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    with locked(tmp_path, "run"):
        pid, written, _ = (tmp_path / ".lock").read_text().split(" ")
    assert (pid, written) == (str(os.getpid()), host)


@pytest.mark.parametrize(
    ("error", "lives"), [(None, True), (ProcessLookupError, False), (PermissionError, True)]
)
def test_a_process_of_somebody_else_lives_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[OSError] | None, lives: bool
) -> None:
    def kill(pid: int, number: int) -> None:
        assert (pid, number) == (DEAD, 0)
        if error is not None:
            raise error

    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(lock, "_holder", lambda descriptor: None)
    told = held(tmp_path, f"{DEAD} {HERE} {MOMENT}\n".encode())
    assert told.startswith(f"process {DEAD} on {HERE}") is lives


def test_a_time_is_told_in_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_holder", lambda descriptor: None)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert held(tmp_path, b"").endswith(ABOUT)
        with locked(tmp_path, "run"):
            since = datetime.strptime((tmp_path / ".lock").read_text().split()[2], "%Y-%m-%dT%H:%M:%S%z")
        assert abs((datetime.now(UTC) - since).total_seconds()) < 3600
    finally:
        monkeypatch.undo()
        time.tzset()


def test_of_all_locks_of_the_system_the_one_of_this_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, locks = tmp_path / "folder", tmp_path / "locks"
    folder.mkdir()
    (folder / ".lock").touch()
    found = (folder / ".lock").stat()
    mark = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    lines = (
        f"1: POSIX ADVISORY WRITE 11 {mark} 0 EOF",
        f"2: FLOCK ADVISORY WRITE 22 {mark}0 0 EOF",
        "3: FLOCK ADVISORY WRITE 33",
        f"4: FLOCK ADVISORY WRITE -1 {mark} 0 EOF",
        f"5: FLOCK ADVISORY WRITE 55 {mark}",
        f"6: FLOCK ADVISORY WRITE 66 {mark} 0 EOF",
    )
    locks.write_text("\n".join(lines))
    monkeypatch.setattr(lock, "Path", lambda name: locks)
    assert held(folder, b"") == f"process 55 on {HERE}, {ABOUT}"
