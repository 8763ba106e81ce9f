"""A folder that appears whole: it is built in a hidden folder beside its place and moved there at the end.

::

    .DIR.building/.lock    held while a build is at work
    .DIR.building/new      what is being built
    .DIR.building/old      the previous DIR, between the two renames

A build that was killed leaves the hidden folder behind; the next build of the same folder puts a previous
one that it finds there back, and removes the rest.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from schemas.errors import OutputError, UsageError
from schemas.lock import locked

_NEW, _OLD = "new", "old"


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
        workshop.mkdir(exist_ok=True)
        with locked(workshop, "build"):
            new, old = workshop / _NEW, workshop / _OLD
            _put_back(target, old)
            # Once more: another build may have finished between the first look and the lock.
            refuse_occupied(folder, known=known, ours=ours, what=what, overwrite=overwrite)
            shutil.rmtree(new, ignore_errors=True)
            try:
                new.mkdir()
                fill(new)
                if target.exists():
                    target.rename(old)
                new.rename(target)
            finally:
                _put_back(target, old)
                shutil.rmtree(workshop, ignore_errors=True)


def left_behind(folder: Path) -> Path | None:
    """The previous ``folder``, where a build was killed in the moment that it had none under its name."""
    target = folder.resolve()
    old = _workshop(target) / _OLD
    return old if old.is_dir() and not target.exists() else None


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


def _put_back(target: Path, old: Path) -> None:
    if old.exists() and not target.exists():
        old.rename(target)
    shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}") from None
