"""Which files of a folder are documents, in the order in which people read their names."""

import os
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.disk.opening import why
from schemas.text import CONTROL


@dataclass(frozen=True)
class Listing:
    """The documents of a folder, and what is left out.

    Attributes:
        files: paths inside the folder, ``chapter 2`` before ``chapter 10``.
        others: end of the name -> files of other kinds.
        hidden: files and folders whose names begin with a dot.
        links: symbolic links: nobody named what they lead to, which may be a folder around them.
        unreadable: folders that could not be listed -> why.
    """

    files: tuple[str, ...]
    others: Mapping[str, int]
    hidden: int
    links: int
    unreadable: Mapping[str, str]


def list_documents(folder: Path, wanted: Callable[[str], bool]) -> Listing:
    """Find the documents in a folder and the folders in it.

    Args:
        folder: where; may itself be a link.
        wanted: whether files with such an end of the name, in lower case, are documents.
    """
    files: list[str] = []
    others: Counter[str] = Counter()
    hidden = links = 0
    unreadable: dict[str, str] = {}
    pending = [""]
    while pending:
        inside = pending.pop()
        try:
            with os.scandir(folder / inside) as entries:
                found = list(entries)
        except OSError as error:
            unreadable[inside or "."] = why(error)
            continue
        for entry in found:
            path, suffix = os.path.join(inside, entry.name), os.path.splitext(entry.name)[1].lower()
            if entry.name.startswith("."):
                hidden += 1
            elif entry.is_symlink():
                links += 1
            elif entry.is_dir(follow_symlinks=False):
                pending.append(path)
            elif wanted(suffix) and entry.is_file(follow_symlinks=False):
                files.append(path)
            else:
                others[suffix or "without an end"] += 1
    return Listing(
        tuple(sorted(files, key=lambda path: (natural(path), path))), others, hidden, links, unreadable
    )


def natural(path: str) -> tuple[tuple[str | int, ...], ...]:
    """A key that orders paths as people do: folder by folder, and numbers by their value.

    Example:
        >>> sorted(["b", "a10", "a9", "a/2"], key=natural)
        ['a/2', 'a9', 'a10', 'b']
    """
    return tuple(
        tuple(int(each) if place % 2 else each for place, each in enumerate(re.split(r"([0-9]+)", part)))
        for part in path.split(os.sep)
    )


def article_of(path: str) -> str:
    r"""What a file is called as an article: its path with ``/``, and as text.

    Control characters, and bytes that are no UTF-8, are written as Python would escape them.

    Example:
        >>> article_of("a\nb/c\udcff.txt")
        'a\\nb/c\\xff.txt'
    """
    text = path.replace(os.sep, "/").encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return CONTROL.sub(lambda found: repr(found[0])[1:-1], text)
