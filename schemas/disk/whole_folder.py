"""A folder that appears whole: it is built in a hidden folder beside its place and moved there at the end.

::

    .DIR.building/.lock    held while a build is at work
    .DIR.building/made-by-gatekeeper      without it nothing in the folder is touched
    .DIR.building/new      what is being built
    .DIR.building/old      the previous DIR, between the two renames

A build that was killed leaves the hidden folder behind; the next build of the same folder puts a previous
one that it finds there back, and removes the rest. Nobody names the hidden folder to us, so one that we did
not make, or a link in its place, is refused.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from schemas.disk.lock import LOCK, locked
from schemas.disk.owned import is_own_folder, make_own_folder
from schemas.errors import OutputError, UsageError

_NEW, _OLD, _MARK = "new", "old", "made-by-gatekeeper"


def replace_folder(
    folder: Path,
    fill: Callable[[Path], None],
    *,
    known: Collection[str],
    ours: Callable[[Path], bool],
    what: str,
    overwrite: bool,
) -> None:
    """Build ``folder`` with ``fill``; a previous one is replaced where asked, anything else is never touched.

    Args:
        folder: where to.
        fill: writes the files into the folder it is given.
        known: names that a previous folder may hold.
        ours: whether an existing folder is a previous one.
        what: what the folder is, for messages.
        overwrite: whether a previous one may be replaced.

    Raises:
        OutputError: the folder cannot be written, or holds something else.
        UsageError: a previous one is there and may not be replaced, or another process is building it.
    """
    target = folder.resolve()
    refuse_occupied(folder, known=known, ours=ours, what=what, overwrite=overwrite)
    with _explained(folder):
        target.parent.mkdir(parents=True, exist_ok=True)
        workshop = _workshop(target)
        make_own_folder(workshop)
        _refuse_unmade(workshop)
        with _locked(workshop):
            _refuse_unmade(workshop)  # again: now nobody else is at work in it
            (workshop / _MARK).open("a").close()
            new, old = workshop / _NEW, workshop / _OLD
            try:
                _put_back(target, old)
                # Once more: another build may have finished between the first look and the lock.
                refuse_occupied(folder, known=known, ours=ours, what=what, overwrite=overwrite)
                _remove(new)
                new.mkdir()
                fill(new)
                if target.exists():
                    target.rename(old)
                new.rename(target)
            finally:
                _put_back(target, old)
                _remove(workshop)


def left_behind(folder: Path) -> Path | None:
    """The previous ``folder``, where a build was killed in the moment that it had none under its name."""
    target = folder.resolve()
    workshop = _workshop(target)
    old = workshop / _OLD
    return old if _is_ours(workshop) and _is_folder(old) and not target.exists() else None


def refuse_occupied(
    folder: Path, *, known: Collection[str], ours: Callable[[Path], bool], what: str, overwrite: bool
) -> None:
    """Refuse what :func:`replace_folder` would not replace, before any work for it; arguments as there.

    Raises:
        OutputError: the folder is a file, holds something else, or cannot be made where it is named.
        UsageError: a previous one is there and may not be replaced.
    """
    target = folder.resolve()
    with _explained(folder):
        _refuse_unwritable(folder, target)
        previous = left_behind(folder) or target
        if not previous.exists():
            return
        if not previous.is_dir():
            raise OutputError(f"cannot write {folder}: it exists and is no folder")
        present = sorted(entry.name for entry in previous.iterdir())
        mine = ours(previous)
    foreign = [name for name in present if not mine or name not in known]
    if foreign:
        raise OutputError(
            f"cannot write {folder}: it holds {foreign[0]!r}, which is no part of {what}; "
            "name another folder or empty this one"
        )
    if present and not overwrite:
        raise UsageError(
            f"{folder} holds {what} already; name another folder, or add --overwrite to replace it"
        )


def _refuse_unwritable(folder: Path, target: Path) -> None:
    """The nearest folder above that exists must take new entries, and names as long as ours."""
    _workshop(target).exists()  # too long a name is an error of the system, which is passed on
    place = next(above for above in target.parents if above.exists())
    if not place.is_dir():
        raise OutputError(f"cannot write {folder}: {place} is no folder")
    if not os.access(place, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {folder}: no permission to write in {place}")


def _workshop(target: Path) -> Path:
    return target.with_name(f".{target.name}.building")


def _refuse_unmade(workshop: Path) -> None:
    """Refuse a hidden folder that holds anything and no mark of ours.

    Raises:
        OutputError: somebody else made it, or something in it is a link.
    """
    if not _is_ours(workshop):
        foreign = sorted(entry.name for entry in workshop.iterdir() if entry.name != LOCK)
        if foreign:
            raise OutputError(
                f"cannot use {workshop}: it holds {foreign[0]!r} and no build made it; move it away"
            )
    for name in (_NEW, _OLD):
        is_own_folder(workshop / name)


@contextlib.contextmanager
def _locked(workshop: Path) -> Iterator[None]:
    """Keep other builds out; what a build leaves that could not even claim the folder is taken away."""
    try:
        with locked(workshop, "build"):
            try:
                yield
            finally:
                if workshop.is_dir() and [entry.name for entry in workshop.iterdir()] == [LOCK]:
                    (workshop / LOCK).unlink()
    finally:
        with contextlib.suppress(OSError):  # it is gone, or holds something
            workshop.rmdir()


def _is_ours(workshop: Path) -> bool:
    """Whether a build made the hidden folder."""
    mark = workshop / _MARK
    return _is_folder(workshop) and mark.is_file() and not mark.is_symlink()


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _put_back(target: Path, old: Path) -> None:
    if _is_folder(old) and not target.exists():
        old.rename(target)
    _remove(old)


def _remove(folder: Path) -> None:
    """Remove a folder of ours as well as it can be; of a link nothing is removed."""
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}") from None
