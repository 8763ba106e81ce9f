"""Broken files that once taught something, read again: see :mod:`benchmarks.fuzz_readers`."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import fuzz_readers
from benchmarks.fuzz_readers import MIB, READERS, Outcome, Reader, judge
from schemas.errors import DataError

ROOT = Path(__file__).parents[1]
CORPUS = Path(__file__).with_name("fuzz_corpus")


def test_no_kept_file_breaks_its_reader() -> None:
    files = [path for name in READERS for path in (CORPUS / name).iterdir()]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fuzz_readers", "--replay", str(CORPUS)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"{len(files)} files, 0 findings\n"), done.stderr


def test_every_reader_has_kept_files() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(READERS)


def refuses(path: Path) -> None:
    raise DataError(f"{path.name} is refused")


def refuses_at_length(path: Path) -> None:
    raise DataError(f"{path.name} is\nrefused")


def breaks(path: Path) -> float:
    return 1 / path.stat().st_size


def crashes(path: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hoards(path: Path) -> bytes:
    return b"\1" * (400 * MIB)


def spins(path: Path) -> None:
    while True:
        pass


@pytest.mark.parametrize(
    ("read", "outcome"),
    [
        (Path.read_bytes, Outcome("", "")),
        (refuses, Outcome("empty is refused", "")),
        (refuses_at_length, Outcome("", "a message of several lines")),
        (breaks, Outcome("", "ZeroDivisionError in test_fuzz_corpus.py:breaks")),
        (crashes, Outcome("", "ended by SIGKILL")),
        (hoards, Outcome("", "too much memory")),
        (spins, Outcome("", "more than 10 s")),
    ],
)
def test_what_a_reader_does_is_told(
    read: fuzz_readers.Read, outcome: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if read is spins:  # the others have all their seconds: how fast a machine is decides nothing
        monkeypatch.setattr(fuzz_readers, "SECONDS", 0.5)
    path = tmp_path / "empty"
    path.touch()
    assert judge(Reader("", lambda world: [], read), path) == outcome
