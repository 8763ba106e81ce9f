"""Sequence files as windows of a bank; a file of another bank is never read silently.

The seed's tools slid their window over the whole bank, so some sequences begin in the article
before. These are no windows; they are left out, counted, and told in a note.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gatekeeper.data.formats.sequence_resolution import (
    DISAGREES,
    MISSING,
    OUTSIDE,
    REPEATS,
    Resolution,
    resolve_sequences,
)
from gates.contracts import Bank, IntArray, Window
from schemas.errors import DataError

_SHOWN = 5  # offending rows named in a message


@dataclass(frozen=True, eq=False)
class Sequences:
    """What a sequence file says, in terms of its bank.

    Attributes:
        source: the file.
        last_rows: (n,) bank rows of the windows' last context chunks, ascending, each once.
        window: their shape.
        notes: what a user should know about the file, one sentence each.
    """

    source: str
    last_rows: IntArray
    window: Window
    notes: tuple[str, ...]


def read_sequences(path: Path, bank: Bank) -> Sequences:
    """Resolve a sequence file to windows of ``bank``.

    Raises:
        DataError: the file is broken or misses something, a target is not in the bank, vectors
            disagree with the bank's, or nothing in it is a window.
    """
    found = resolve_sequences(path, bank)
    _refuse_missing(found)
    _refuse_disagreement(found, bank)
    count = len(found.reason)
    windows = np.sort(found.last_rows[found.reason == 0])
    if not len(windows):
        raise DataError(f"{path}: none of its {count} sequences lies within one article without a gap")
    return Sequences(str(path), windows, found.window, found.notes + _notes(found))


def _refuse_missing(found: Resolution) -> None:
    missing = np.flatnonzero(found.reason == MISSING)
    if missing.size:
        first = missing[0]
        article = found.articles.id_of(int(found.articles.numbers[first]))
        raise DataError(
            f"{found.source}: {missing.size} of {len(found.reason)} targets are not in the bank, first "
            f"article {article} chunk {found.chunks[first]} (row {first}); name the bank the "
            "file was made from"
        )


def _refuse_disagreement(found: Resolution, bank: Bank) -> None:
    bad = np.flatnonzero(found.reason == DISAGREES)
    if bad.size:
        shown = ", ".join(str(row) for row in bad[:_SHOWN])
        raise DataError(
            f"{found.source}: the vectors of {bad.size} of {len(found.reason)} sequences disagree with the "
            f"bank {bank.source} at horizon {found.window.horizon}, first rows {shown}; name the bank the "
            "file was made from"
        )


def _notes(found: Resolution) -> tuple[str, ...]:
    count = len(found.reason)
    outside, repeated = (int((found.reason == kind).sum()) for kind in (OUTSIDE, REPEATS))
    notes = []
    if outside:
        notes.append(
            f"{found.source}: left out {outside} of {count} sequences that cross an article or a gap in the "
            "chunk index"
        )
    if repeated:
        notes.append(f"{found.source}: {repeated} of {count} sequences repeat another one and count once")
    if found.shift:
        notes.append(
            f"{found.source}: its vectors show that the stated target chunk is the one before the shift by "
            f"{found.shift}"
        )
    return tuple(notes)
