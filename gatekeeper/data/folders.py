"""A folder that appears whole: it is built in a hidden folder beside its place and moved there at the end.

::

    .DIR.building/.lock    held while a build is at work
    .DIR.building/new      what is being built
    .DIR.building/old      the previous DIR, between the two renames

A build that was killed leaves the hidden folder behind; the next build of the same folder puts a previous
one that it finds there back, and removes the rest.
"""

import contextlib
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from schemas.errors import OutputError
from schemas.lock import locked

_NEW, _OLD = "new", "old"


def replace_folder(
    folder: Path,
    fill: Callable[[Path], None],
    *,
    known: Collection[str],
    ours: Callable[[Path], bool],
    what: str,
) -> None:
    """Build ``folder`` with ``fill``; a previous one is replaced, anything else is never touched.

    Args:
        folder: where to.
        fill: writes the files into the folder it is given.
        known: names that a previous folder may hold.
        ours: whether an existing folder is a previous one.
        what: what the folder is, for messages.

    Raises:
        OutputError: the folder cannot be written, or holds something else.
        UsageError: another process is building it.
    """
    target = folder.resolve()
    refuse_foreign(folder, known=known, ours=ours, what=what)
    with _explained(folder):
        target.parent.mkdir(parents=True, exist_ok=True)
        workshop = _workshop(target)
        workshop.mkdir(exist_ok=True)
        with locked(workshop, "build"):
            new, old = workshop / _NEW, workshop / _OLD
            _put_back(target, old)
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


def refuse_foreign(folder: Path, *, known: Collection[str], ours: Callable[[Path], bool], what: str) -> None:
    """Refuse to replace what is no previous folder; arguments as of :func:`replace_folder`.

    Raises:
        OutputError: the folder is a file, or holds something else.
    """
    target = folder.resolve()
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputError(f"cannot write {folder}: it exists and is no folder")
    with _explained(folder):
        present = sorted(entry.name for entry in target.iterdir())
        mine = ours(target)
    foreign = [name for name in present if not mine or name not in known]
    if foreign:
        raise OutputError(
            f"cannot write {folder}: it holds {foreign[0]!r}, which is no part of {what}; "
            "name another folder or empty this one"
        )


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
