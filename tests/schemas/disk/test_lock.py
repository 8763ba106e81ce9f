"""The lock of a run's folder: one process at a time, and it goes with the process."""

import errno
import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.disk.lock import locked
from schemas.errors import OutputError, UsageError

ROOT = Path(__file__).parents[3]


def refusal(run: Path, pid: int, *, about: bool = False) -> str:
    """A pattern."""
    since = rf"since {'about ' if about else ''}20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    return (
        rf"^another run \(process {pid} on {re.escape(socket.gethostname())}, {since}\) is at work in "
        rf"{re.escape(str(run))}; wait for it or name another folder$"
    )


def owner(run: Path) -> str:
    return (run / ".lock").read_text().partition(" ")[0]


def test_a_second_process_is_refused_until_the_first_is_dead(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from schemas.disk.lock import locked

with locked(Path(sys.argv[1]), "run"):
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
                refused = pytest.raises(UsageError, match=refusal(tmp_path, holder.pid))
                with refused, locked(tmp_path, "run"):
                    pass
        finally:
            holder.kill()
        assert holder.wait(60) == -signal.SIGKILL
    with locked(tmp_path, "run"):
        assert owner(tmp_path) == str(os.getpid())


def test_a_lock_goes_with_its_block(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path, "run"):
            refused = pytest.raises(UsageError, match=refusal(tmp_path, os.getpid()))
            with refused, locked(tmp_path, "run"):
                pass
    with pytest.raises(ZeroDivisionError), locked(tmp_path, "run"):
        raise ZeroDivisionError
    with locked(tmp_path, "run"):
        pass


def test_a_lock_of_one_folder_is_none_of_another(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with locked(tmp_path, "run"), locked(tmp_path / "run", "run"):
        pass


@pytest.mark.parametrize(
    "content", ["", "123456789012345678901234567890\n", "no number", "\0\0", "77\n", "x" * 512]
)
def test_a_lock_file_of_nobody_is_taken_over(tmp_path: Path, content: str) -> None:
    (tmp_path / ".lock").write_text(content)
    with locked(tmp_path, "run"):
        assert owner(tmp_path) == str(os.getpid())


def test_a_lock_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught, locked(tmp_path / "nowhere", "run"):
        pass
    assert str(caught.value) == f"cannot lock {tmp_path / 'nowhere'}: No such file or directory"


@pytest.mark.parametrize("name", ["ftruncate", "pwrite"])
def test_a_full_disk_keeps_nobody_from_locking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def full(*_: object) -> int:
        asked.append(name)
        raise OSError(errno.ENOSPC, "No space left on device")

    asked: list[str] = []
    monkeypatch.setattr(os, name, full)
    with locked(tmp_path, "run"):
        assert asked == [name]
        # Where the holder could not say who it is, the system may.
        if name == "ftruncate":
            wanted = refusal(tmp_path, os.getpid())
        elif Path("/proc/locks").exists():
            wanted = refusal(tmp_path, os.getpid(), about=True)
        else:
            wanted = r"^another run \(a process that could not write its name, since about 20"
        with pytest.raises(UsageError, match=wanted), locked(tmp_path, "run"):
            pass


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EACCES, errno.EIO])
def test_a_system_without_locks_is_no_other_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", refuse)
        with pytest.raises(OutputError) as caught, locked(tmp_path, "run"):
            pass
    assert str(caught.value) == f"cannot lock {tmp_path}: {os.strerror(code)}"
    with locked(tmp_path, "run"):
        pass
