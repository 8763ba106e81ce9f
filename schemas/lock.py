"""One process at a time in a folder."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from schemas.errors import OutputError, UsageError

LOCK = ".lock"


@contextlib.contextmanager
def locked(folder: Path, who: str) -> Iterator[None]:
    """Keep every other ``who`` out of a folder while this one is at work in it.

    The lock goes with the process, however it ends.

    Args:
        folder: what is locked, through the file ``.lock`` in it.
        who: what works in it, for messages.

    Raises:
        UsageError: another process holds the folder.
        OutputError: the lock cannot be made.
    """
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise OutputError(f"cannot lock {folder}: {error.strerror}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            raise UsageError(
                f"another {who} (process {owner}) is at work in {folder}; wait for it or name another folder"
            ) from None
        except OSError as error:
            raise OutputError(f"cannot lock {folder}: {error.strerror}") from None
        with contextlib.suppress(OSError):  # only a courtesy: a full disk does not weaken the lock
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
