"""One process at a time in a folder."""

import contextlib
import fcntl
import os
import re
import socket
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from schemas.disk.owned import refuse_link
from schemas.errors import OutputError, UsageError
from schemas.text import printable

LOCK = ".lock"

_OWNER = re.compile(r"(?P<pid>[1-9][0-9]{0,9})(?: (?P<host>\S{1,255}) (?P<since>[0-9TZ:-]{20}))?\n")
"""Process, machine and time. Earlier versions wrote the process alone."""

_LONGEST = 512


@contextlib.contextmanager
def locked(folder: Path, who: str) -> Iterator[None]:
    """Keep every other ``who`` out of a folder while this one is at work in it.

    The lock goes with the process, however it ends.

    Args:
        folder: what is locked, through the file ``.lock`` in it; no link is followed there, and a file
            that is no lock of ours stays as it is.
        who: what works in it, for messages.

    Raises:
        UsageError: another process holds the folder.
        OutputError: the lock cannot be made.
    """
    path = folder / LOCK
    try:
        refuse_link(path)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    except OSError as error:
        raise OutputError(f"cannot lock {folder}: {error.strerror}") from None
    try:
        _refuse_foreign(path, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another {who} ({_owner(descriptor)}) is at work in {folder}; wait for it or name another "
                "folder"
            ) from None
        except OSError as error:
            raise OutputError(f"cannot lock {folder}: {error.strerror}") from None
        with contextlib.suppress(OSError):  # only a courtesy: a full disk does not weaken the lock
            # In place before it is cut: on a full disk there is no room for a new block.
            name = _mine()
            os.pwrite(descriptor, name, 0)
            os.ftruncate(descriptor, len(name))
        yield
    finally:
        os.close(descriptor)


def _mine() -> bytes:
    return f"{os.getpid()} {_host()} {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n".encode()


def _host() -> str:
    return re.sub(r"[^!-~]", "-", socket.gethostname())[:255] or "-"


def _refuse_foreign(path: Path, descriptor: int) -> None:
    """Refuse what is no lock of ours: it would be written over. A torn lock may hold anything, but little."""
    found = os.fstat(descriptor)
    if found.st_nlink > 1:
        raise OutputError(
            f"cannot lock {path.parent}: {path.name} is a file with another name too; remove it"
        )
    if not stat.S_ISREG(found.st_mode) or found.st_size > _LONGEST:
        raise OutputError(
            f"cannot lock {path.parent}: {path.name} is no lock of gatekeeper's; remove it or name another "
            "folder"
        )


def _owner(descriptor: int) -> str:
    """Who holds the lock, as well as it can be told."""
    here, holder = _host(), _holder(descriptor)
    told = _OWNER.match(os.pread(descriptor, _LONGEST, 0).decode(errors="replace"))
    if told is not None and told["host"] and (told["host"] != here or _lives(int(told["pid"]))):
        return printable(f"process {told['pid']} on {told['host']}, since {told['since']}")
    # Of somebody before, of an earlier version, torn, or nothing: there was no room for it.
    since = f"{datetime.fromtimestamp(os.fstat(descriptor).st_mtime, UTC):%Y-%m-%dT%H:%M:%SZ}"
    if holder is not None:
        return printable(f"process {holder} on {here}, since about {since}")
    if told is not None and not told["host"]:
        return f"process {told['pid']}, since about {since}"
    return f"a process that could not write its name, since about {since}"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _holder(descriptor: int) -> int | None:
    """The process that the system itself names; only Linux does."""
    found = os.fstat(descriptor)
    mark = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return None
    for fields in map(str.split, lines):
        if len(fields) > 5 and fields[1] == "FLOCK" and fields[5] == mark and fields[4].isdigit():
            return int(fields[4]) or None
    return None
