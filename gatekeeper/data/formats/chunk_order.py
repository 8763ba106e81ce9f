"""Which array of a bank file says the order of the chunks.

Rows in the wrong order make another corpus of the same vectors, and nothing about them looks wrong. So the
order is taken from an array with a known name; a file that has none, but another array of whole
numbers that might be the order, is refused until somebody says which it is.
"""

import numpy as np

from gatekeeper.config.bank_keys import ARTICLES, CHUNKS, FILE_ORDER, JOINED, OFFSETS, VECTORS, BankKeys
from gatekeeper.data.formats.npz import Array, Npz
from gates.article_ids import Numbered
from gates.contracts import IntArray
from schemas.errors import DataError

_OTHERS = frozenset({*VECTORS, *ARTICLES, JOINED, OFFSETS})
_SHOWN = 5


def find_chunk_key(npz: Npz, rows: int, keys: BankKeys) -> str | None:
    """The array that says the order of ``rows`` chunks; None where the order of the file does.

    Raises:
        DataError: the named array is missing, or the file has none of a known name and another that
            might be it.
    """
    if keys.chunks == FILE_ORDER:
        return None
    known = npz.pick(*CHUNKS) if keys.chunks is None else npz.require(keys.chunks, flag="--chunk-key")
    if known is not None:
        return known
    taken = {*_OTHERS, *keys.flags().values()}
    others = [name for name in npz.keys if name not in taken and rows > 1 and _may_count(npz, name, rows)]
    if others:
        raise DataError(
            f"{npz.source}: no array has a name known for the order of chunks ({', '.join(CHUNKS[:3])}, "
            f"...), but {', '.join(others[:_SHOWN])} holds a whole number a row; if it is the order, add "
            f"--chunk-key {others[0]}, else --chunk-key {FILE_ORDER}: rows count in file order"
        )
    return None


def read_chunks(
    npz: Npz, articles: Numbered, key: str | None, keys: BankKeys
) -> tuple[Array, tuple[str, ...]]:
    """The chunk numbers (N,), and what a user should know about them.

    Args:
        npz: the file.
        articles: of the N rows.
        key: what :func:`find_chunk_key` found.
        keys: what the user named.

    Raises:
        DataError: there is one array too many, or none and the rows of an article are scattered.
    """
    if key is None:
        note = f"{npz.source}: no array says the order of chunks; the rows of an article count in file order"
        return number_chunks(articles, npz.source), () if keys.chunks == FILE_ORDER else (note,)
    npz.check_rows(key, len(articles.numbers), "chunk indices")
    chunks = npz.array(key)
    if keys.chunks is not None:
        return chunks, ()
    notes = [] if key == CHUNKS[0] else [f"{npz.source}: the order of chunks is read from {key!r}"]
    for other in CHUNKS:
        if other != key and npz.pick(other) and _may_count(npz, other, len(articles.numbers)):
            if _same_order(articles.numbers, chunks, npz.array(other)):
                continue
            if key != CHUNKS[0]:
                raise DataError(
                    f"{npz.source}: {key} and {other} say different orders of the chunks; name the right one "
                    f"with --chunk-key {key} or --chunk-key {other}"
                )
            notes.append(f"{npz.source}: {other!r} says another order of chunks than {key!r}, which decides")
    return chunks, tuple(notes)


def _may_count(npz: Npz, name: str, rows: int) -> bool:
    header = npz.header(name)
    return header.shape == (rows,) and header.dtype.kind in "iu"


def _same_order(articles: IntArray, first: Array, second: Array) -> bool:
    """Whether two numberings agree on neighbours; one may count on through the whole corpus."""
    if first.dtype.kind not in "iu":
        return True  # refused with the bank
    order = np.lexsort((first, articles))
    same = articles[order][1:] == articles[order][:-1]
    steps = [np.diff(each[order].astype(np.int64))[same] for each in (first, second)]
    return bool((steps[0] == steps[1]).all())


def number_chunks(
    articles: Numbered,
    source: str,
    *,
    missing: str = "array 'chunk_indices'",
    advice: str = "add chunk_indices",
) -> IntArray:
    """0, 1, 2, ... inside each article, in file order.

    Args:
        articles: of the rows.
        source: where they are from.
        missing: what would say their order.
        advice: what to do about it.

    Raises:
        DataError: the rows of an article do not lie together.
    """
    numbers = articles.numbers
    starts = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1]))
    if len(starts) != len(np.unique(numbers)):
        found, counts = np.unique(numbers[starts], return_counts=True)
        raise DataError(
            f"{source}: there is no {missing} and the rows of article "
            f"{articles.id_of(int(found[counts > 1][0]))} do not lie together, so the order of its chunks is "
            f"unknown; {advice}"
        )
    lengths = np.diff(np.append(starts, len(numbers)))
    return np.arange(len(numbers), dtype=np.int64) - np.repeat(starts, lengths)
