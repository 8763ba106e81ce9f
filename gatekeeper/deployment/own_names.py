"""Names in a deployment folder that are ours: none of them may lead anywhere but within it.

Whoever can write in the folder can replace the model anyway. But a folder that came from elsewhere, out of a
repository or an archive, may hold links under our names, and a deployment must neither write nor remove what
they lead to.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from schemas.disk.atomic import write_bytes
from schemas.disk.lock import LOCK
from schemas.disk.owned import is_own_folder, make_own_folder, refuse_link
from schemas.errors import OutputError, ReportError

CURRENT = "current"
POINTER = "PRODUCTION.json"
RELEASES, MODELS, REPORTS = "releases", "models", "reports"
TEMPORARY = ".gatekeeper-"
"""How a file begins that is there only for as long as it is written."""
RESERVE = ".reserve-for-rollback"
RESERVED = 2**16
"""Bytes that a rollback can do with on a full disk: it writes a record, four names and two folders."""


def make_own_folders(folder: Path) -> None:
    """Make the folders in a deployment folder, unless they are there.

    Raises:
        OutputError: a link has one of their names.
        OSError: one cannot be made.
    """
    for name in (RELEASES, MODELS, REPORTS):
        make_own_folder(folder / name)


def refuse_planted(folder: Path) -> None:
    """Refuse a deployment folder in which a name of ours leads out of it.

    Raises:
        OutputError: it does.
        ReportError: ``current`` does.
        OSError: something cannot be looked at.
    """
    for name in (RELEASES, MODELS, REPORTS):
        is_own_folder(folder / name)
    for place in (folder / RELEASES, folder / REPORTS):
        for path in place.iterdir() if place.is_dir() else ():
            if path.is_symlink():
                is_own_folder(path)
    refuse_link(folder / RESERVE)
    pointer, wanted = folder / POINTER, f"{CURRENT}/{POINTER}"
    if os.path.lexists(pointer) and not (pointer.is_symlink() and os.readlink(pointer) == wanted):
        raise OutputError(f"cannot deploy to {folder}: {POINTER} must be a link to {wanted}; remove it")
    current = folder / CURRENT
    if current.is_symlink() and _leads_out(current, folder / RELEASES):
        raise ReportError(f"{current} leads out of {folder}; point it at a release in {RELEASES}")


def _leads_out(current: Path, releases: Path) -> bool:
    """Whether the pointer leads to something that is there, and no release of this folder."""
    target = os.path.realpath(current)
    return os.path.exists(target) and os.path.dirname(target) != os.path.realpath(releases)


def keep_reserve(folder: Path) -> None:
    """Put aside the room that a rollback needs.

    Raises:
        OutputError: there is none; better to learn it now than in an emergency.
    """
    path = folder / RESERVE
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        found = None
    # A second name would keep the room taken when this one is removed.
    whole = found is not None and stat.S_ISREG(found.st_mode) and found.st_nlink == 1
    if found is None or not whole or found.st_size != RESERVED:
        # Random, so that no file system can keep it in less.
        write_bytes(path, os.urandom(RESERVED), own=1)


@contextlib.contextmanager
def reserve_freed(folder: Path) -> Iterator[None]:
    """Give back, for the block, what :func:`keep_reserve` has put aside.

    Afterwards as much of it is taken again as there is room for: the next rollback needs it, too.

    Raises:
        OSError: there is a reserve, and it cannot be opened.
    """
    try:
        descriptor = os.open(folder / RESERVE, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:  # of an earlier version's deployment
        yield
        return
    try:
        # Somebody else's content, under a second name, would be lost.
        ours = os.fstat(descriptor).st_nlink == 1 and stat.S_ISREG(os.fstat(descriptor).st_mode)
        if ours:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
        yield
        if ours:
            with contextlib.suppress(OSError):
                os.pwrite(descriptor, os.urandom(RESERVED), 0)
    finally:
        os.close(descriptor)


def own_files(folder: Path) -> tuple[Path, ...]:
    """What a deployment replaces in the folder itself, its pointer apart, which is no file."""
    return tuple(folder / name for name in (LOCK, POINTER, RESERVE))
