"""Article ids of a data set folder, where they are no int64 numbers.

Hashes lie in ``article_ids.npy`` (uint64), text in ``article_ids_utf8.npy`` and ``article_id_offsets.npy``,
in both cases by number.
"""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gates.article_ids import number_articles
from gates.contracts import ArticleIds
from schemas.errors import DataError

NUMBERS, TEXT, OFFSETS = "article_ids.npy", "article_ids_utf8.npy", "article_id_offsets.npy"
FILES = (NUMBERS, TEXT, OFFSETS)

Array = npt.NDArray[Any]


def id_files(ids: ArticleIds | None) -> dict[str, Array]:
    """The files that hold the ids, none where the numbers are the ids."""
    if ids is None:
        return {}
    if isinstance(ids[0], int):
        return {NUMBERS: np.array(ids, dtype=np.uint64)}
    encoded = [str(each).encode("utf-8") for each in ids]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    return {TEXT: np.frombuffer(b"".join(encoded), dtype=np.uint8), OFFSETS: offsets}


def read_ids(
    files: Mapping[str, object], read: Callable[[str], Array], numbers: Array, *, source: str
) -> ArticleIds | None:
    """The ids that a folder holds.

    Args:
        files: names of its files.
        read: reads one of them.
        numbers: (m,) distinct numbers of its articles.
        source: the folder, for messages.

    Raises:
        DataError: they are not the sorted ids of these numbers.
    """
    if NUMBERS in files:
        values = read(NUMBERS)
    elif TEXT in files and OFFSETS in files:
        values = _unpacked(read(TEXT), read(OFFSETS), source)
    else:
        return None
    found = number_articles(values, source=source)
    count = np.arange(len(values))
    if found.ids is None or not np.array_equal(found.numbers, count) or not np.array_equal(numbers, count):
        raise DataError(f"{source}: its article ids do not fit its articles; build the data set again")
    return found.ids


def _unpacked(data: Array, offsets: Array, source: str) -> Array:
    try:
        bounds = itertools.pairwise(offsets.tolist())
        return np.array([data[low:high].tobytes().decode("utf-8") for low, high in bounds])
    except (UnicodeDecodeError, TypeError, ValueError):
        raise DataError(f"{source}: its article ids are no text; build the data set again") from None
