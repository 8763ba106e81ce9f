"""An output is no input: one rule for every command that writes.

Two paths are the same file where they lead to the same place or to the same inode: a hard link, a link, or
another spelling on a file system that ignores case.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.disk.owned import refuse_link
from schemas.errors import UsageError

ENVIRONMENT_PREFIX = "env:"

_Mark = str | tuple[int, int]
"""Where a path leads, or its device and inode."""


@dataclass(frozen=True)
class Output:
    """A file or folder that a command is about to write.

    Attributes:
        what: it is, for messages.
        path: where it goes.
        own: nobody named it, so no link is followed there.
        folder: it is one, and all that lies in it is replaced.
    """

    what: str
    path: Path
    own: bool = False
    folder: bool = False


def refuse_overwriting(outputs: Sequence[Output], inputs: Iterable[Path | None]) -> None:
    """Refuse, before any work is done, to write over what the same command reads or writes.

    Args:
        outputs: every file and folder it writes.
        inputs: every file and folder it reads, whether there or not; a folder stands for its files.

    Raises:
        UsageError: an output is an input, or another output.
        OutputError: a link has the name of an output that nobody named.
    """
    for output in outputs:
        if output.own:
            refuse_link(output.path)
    read = [each for path in inputs if path is not None for each in _with_contents(path)]
    known = {mark: path for path in read for mark in _marks(path)}
    for output in outputs:
        places = _with_contents(output.path) if output.folder else (output.path,)
        mine = [mark for place in places for mark in _marks(place)]
        found = next((known[mark] for mark in mine if mark in known), None)
        if found is None and output.folder:
            found = _inside(output.path, known)
        if found is not None:
            raise UsageError(
                f"the {output.what} {output.path} would overwrite another file of this command, {found}; "
                "name another"
            )
        known |= dict.fromkeys(mine, output.path)


def key_file(spec: str | None) -> Path | None:
    """The file of a key or a policy that is named by ``spec``, where it is a file."""
    if spec is None or spec.startswith(ENVIRONMENT_PREFIX):
        return None
    return Path(spec)


def _with_contents(path: Path) -> Iterator[Path]:
    """A path, and what lies in it where it is a folder."""
    yield path
    with contextlib.suppress(OSError, ValueError):
        yield from path.iterdir()


def _marks(path: Path) -> Iterator[_Mark]:
    """What a path can be told by."""
    with contextlib.suppress(OSError, ValueError):  # whoever opens it says what is wrong with it
        yield os.path.realpath(path)
        found = os.stat(path)
        yield found.st_dev, found.st_ino


def _inside(folder: Path, known: dict[_Mark, Path]) -> Path | None:
    """An input that lies anywhere below a folder that is written as a whole."""
    prefix = os.path.join(os.path.realpath(folder), "")
    return next(
        (path for mark, path in known.items() if isinstance(mark, str) and mark.startswith(prefix)), None
    )
