"""A folder of documents as a corpus: every document is an article, called by its path in the folder."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gatekeeper.data.documents.extracted import UnreadableError
from gatekeeper.data.documents.kinds import KINDS, read_document
from gatekeeper.data.documents.walking import Listing, article_of, list_documents
from gatekeeper.data.formats.spilled import Spilled
from gatekeeper.data.formats.texts import Texts
from gates.article_ids import number_distinct
from gates.contracts import ArticleId
from gates.packed_texts import Packer
from schemas.errors import DataError
from schemas.text import printable

FILE = "file"
"""The column of paths."""

_SHOWN = 3


def read_folder(folder: Path) -> Texts:
    """Read all documents of a folder and of the folders in it, each as a whole.

    What cannot be read is left out, counted and told, with the reason: one bad file of many stops nobody.

    Args:
        folder: the folder.

    Raises:
        DataError: there is no document in it, or none that can be read.
        UsageError: what reads a kind of documents that is there is not installed.
    """
    listing = find_documents(folder)
    packer, titles, unreadable = Packer(Spilled()), dict[ArticleId, str](), dict[str, str]()
    files: dict[str, str] = {}
    for path in listing.files:
        article = article_of(path)
        try:
            if article in files:
                raise UnreadableError(f"it is called as {article_of(files[article])!r} is; rename one")
            document = read_document(folder / path)
        except UnreadableError as error:
            unreadable[article] = str(error)
        else:
            packer.add([document.text])
            files[article] = path
            if document.title is not None:
                titles[article] = document.title
    unreadable |= {article_of(path): reason for path, reason in listing.unreadable.items()}
    if not files:
        raise DataError(f"{folder}: no document in it can be read; {_reasons(unreadable)}")
    ranked = number_distinct(list(files), source=str(folder))
    names = [article_of(files[str(each)]) for each in ranked.ids or ()]
    return Texts(
        ranked,
        np.zeros(len(files), dtype=np.int64),
        packer.packed(),
        titles,
        _notes(folder, listing, files, unreadable),
        {FILE: tuple(names)},
        whole=True,
    )


def find_documents(folder: Path) -> Listing:
    """The documents of a folder, which are at least one.

    Raises:
        DataError: there is none.
    """
    listing = list_documents(folder, KINDS.__contains__)
    if not listing.files:
        found = _left_out(listing) or _reasons(listing.unreadable) or "nothing"
        raise DataError(f"{folder} holds no documents ({', '.join(KINDS)}); found {found}")
    return listing


def _notes(
    folder: Path, listing: Listing, files: Mapping[str, str], unreadable: Mapping[str, str]
) -> tuple[str, ...]:
    kinds = Counter(Path(path).suffix.lower() for path in files.values())
    told = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    notes = [f"{folder}: {len(files)} document(s), {told}"]
    if left_out := _left_out(listing):
        notes.append(f"{folder}: left out: {left_out}")
    if unreadable:
        notes.append(f"{folder}: {len(unreadable)} cannot be read and are left out: {_reasons(unreadable)}")
    return tuple(notes)


def _left_out(listing: Listing) -> str:
    others = sorted(listing.others.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{count} {printable(kind)}" for kind, count in others[:_SHOWN])
    told = [
        f"{sum(listing.others.values())} file(s) of other kinds ({shown}{', ...' if others[_SHOWN:] else ''})"
        if others
        else "",
        f"{listing.hidden} hidden" if listing.hidden else "",
        f"{listing.links} symbolic link(s)" if listing.links else "",
    ]
    return ", ".join(filter(None, told))


def _reasons(unreadable: Mapping[str, str]) -> str:
    shown = "; ".join(f"{path}: {reason}" for path, reason in list(unreadable.items())[:_SHOWN])
    return shown + (f"; and {len(unreadable) - _SHOWN} more" if len(unreadable) > _SHOWN else "")
