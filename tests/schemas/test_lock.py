"""The lock of a run's folder: one process at a time, and it goes with the process."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.errors import OutputError, UsageError
from schemas.lock import locked

ROOT = Path(__file__).parents[2]


def refusal(run: Path, pid: int | str) -> str:
    return f"another run (process {pid}) is at work in {run}; wait for it or name another folder"


def test_a_second_process_is_refused_until_the_first_is_dead(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from schemas.lock import locked

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
                with pytest.raises(UsageError) as caught, locked(tmp_path, "run"):
                    pass
                assert str(caught.value) == refusal(tmp_path, holder.pid)
        finally:
            holder.kill()
        assert holder.wait(60) == -signal.SIGKILL
    with locked(tmp_path, "run"):
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"


def test_a_lock_goes_with_its_block(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path, "run"):
            with pytest.raises(UsageError) as caught, locked(tmp_path, "run"):
                pass
            assert str(caught.value) == refusal(tmp_path, os.getpid())
    with pytest.raises(ZeroDivisionError), locked(tmp_path, "run"):
        raise ZeroDivisionError
    with locked(tmp_path, "run"):
        pass


def test_a_lock_of_one_folder_is_none_of_another(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with locked(tmp_path, "run"), locked(tmp_path / "run", "run"):
        pass


@pytest.mark.parametrize("content", ["", "123456789012345678901234567890\n", "no number"])
def test_a_lock_file_of_nobody_is_taken_over(tmp_path: Path, content: str) -> None:
    (tmp_path / ".lock").write_text(content)
    with locked(tmp_path, "run"):
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"


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
        # The holder could not say who it is.
        with pytest.raises(UsageError) as caught, locked(tmp_path, "run"):
            pass
        assert str(caught.value) == refusal(tmp_path, "unknown")


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
