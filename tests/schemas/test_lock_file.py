"""The lock file itself: who may open it, and what is read of a stranger's."""

import fcntl
import os
import stat
from pathlib import Path

import pytest

from schemas.errors import UsageError
from schemas.lock import locked


@pytest.mark.parametrize(("mask", "mode"), [(0o000, 0o666), (0o022, 0o644), (0o077, 0o600)])
def test_a_lock_may_be_opened_by_whom_the_umask_allows(tmp_path: Path, mask: int, mode: int) -> None:
    old = os.umask(mask)
    try:
        with locked(tmp_path, "run"):
            pass
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / ".lock").stat().st_mode) == mode


@pytest.mark.parametrize(
    ("content", "owner"),
    [
        (b"", "unknown"),
        (b" \n", "unknown"),
        (b"123\n", "123"),
        (b"\xff\n", "\ufffd"),
        (b"1" * 100, "1" * 32),
    ],
)
def test_a_holder_is_named_by_what_its_lock_says(tmp_path: Path, content: bytes, owner: str) -> None:
    path = tmp_path / ".lock"
    path.write_bytes(content)
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(UsageError) as caught, locked(tmp_path, "build"):
            pass
    assert str(caught.value) == (
        f"another build (process {owner}) is at work in {tmp_path}; wait for it or name another folder"
    )
    assert path.read_bytes() == content
