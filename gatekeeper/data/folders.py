"""A folder that appears whole: it is built beside its place and moved there in one step."""

import contextlib
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from schemas.errors import OutputError


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
    """
    target = folder.resolve()
    _refuse_foreign(target, folder, known, ours, what)
    with _explained(folder):
        target.parent.mkdir(parents=True, exist_ok=True)
        building = target.parent / f".{target.name}.{secrets.token_hex(4)}.tmp"
        old = target.parent / f".{target.name}.{secrets.token_hex(4)}.old"
        building.mkdir()
        try:
            fill(building)
            if target.exists():
                target.rename(old)
            building.rename(target)
        finally:
            shutil.rmtree(building, ignore_errors=True)
            if old.exists() and not target.exists():
                old.rename(target)
            shutil.rmtree(old, ignore_errors=True)


def _refuse_foreign(
    target: Path, named: Path, known: Collection[str], ours: Callable[[Path], bool], what: str
) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputError(f"cannot write {named}: it exists and is no folder")
    with _explained(named):
        present = sorted(entry.name for entry in target.iterdir())
        mine = ours(target)
    foreign = [name for name in present if not mine or name not in known]
    if foreign:
        raise OutputError(
            f"cannot write {named}: it holds {foreign[0]!r}, which is no part of {what}; "
            "name another folder or empty this one"
        )


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}") from None
