"""Files and folders whose names we choose ourselves: no symbolic link is followed there.

A link that the user names is followed. One that merely has the name of something that we write was put
there by anybody, a repository can carry one, and may lead to what must not be lost. So of a path that is
written the last parts are ours, and none of those may be a link.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from schemas.errors import OutputError

# A handle needs no permission to list the folder where the system knows O_PATH.
_FOLDER = os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)


def refuse_link(path: Path) -> None:
    """Refuse a place for a file of ours that is taken by something else: a link, a folder, a pipe.

    Raises:
        OutputError: it exists and is no regular file.
        OSError: the folder cannot be looked into.
    """
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    if stat.S_ISLNK(mode):
        raise OutputError(_linked(path))
    if not stat.S_ISREG(mode):
        raise OutputError(f"cannot write {path}: it exists and is not a regular file")


def is_own_folder(path: Path) -> bool:
    """Whether a folder of ours is there already.

    Raises:
        OutputError: a link is there.
        OSError: something else is there, or it cannot be looked at.
    """
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    if stat.S_ISLNK(mode):
        raise OutputError(_linked(path))
    if not stat.S_ISDIR(mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    return True


def make_own_folder(path: Path) -> None:
    """Make a folder of ours in a folder that exists, unless it is there.

    Raises:
        OutputError: a link has its name.
        OSError: something else has, or it cannot be made.
    """
    try:
        path.mkdir()
    except FileExistsError:
        if os.path.islink(path):
            raise OutputError(_linked(path)) from None
        if not path.is_dir():
            raise


@contextlib.contextmanager
def entered(folder: Path, own: int) -> Iterator[int | None]:
    """A handle of a folder whose last ``own`` parts are ours; None where the user named all of it.

    The handle stays that of the same folder, whatever its name leads to a moment later.

    Raises:
        OutputError: one of these parts is a link.
        OSError: one is no folder, or cannot be entered.
    """
    if own <= 0:
        yield None
        return
    place = Path(*folder.parts[:-own])
    handle = os.open(place, _FOLDER)
    try:
        for part in folder.parts[-own:]:
            place /= part
            handle = _next(handle, part, place)
        yield handle
    finally:
        with contextlib.suppress(OSError):
            os.close(handle)


def _next(handle: int, part: str, place: Path) -> int:
    """Exchange the handle of a folder for that of one in it."""
    try:
        inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=handle)
    except OSError:
        if os.path.islink(place):
            raise OutputError(_linked(place)) from None
        raise
    with contextlib.suppress(OSError):
        os.close(handle)
    return inner


def _linked(path: Path) -> str:
    return (
        f"cannot write {path}: it is a symbolic link, and under a name that gatekeeper chooses none is "
        "followed; remove it"
    )
