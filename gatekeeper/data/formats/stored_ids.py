"""Article ids of a data set folder, where they are no int64 numbers.

Hashes lie in ``article_ids.npy`` (uint64), text in ``article_ids_utf8.npy`` and ``article_id_offsets.npy``,
in both cases by number.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gatekeeper.config import bank_keys
from gatekeeper.data.formats.bank import pack_texts
from gatekeeper.data.formats.stored_arrays import map_array, map_texts
from gates.article_ids import number_articles
from gates.contracts import ArticleIds, IntArray
from schemas.errors import DataError

NUMBERS, TEXT, OFFSETS = "article_ids.npy", "article_ids_utf8.npy", "article_id_offsets.npy"
FILES = (NUMBERS, TEXT, OFFSETS)


def id_files(ids: ArticleIds | None) -> dict[str, npt.NDArray[Any]]:
    """The files that hold the ids, none where the numbers are the ids."""
    if ids is None:
        return {}
    if isinstance(ids[0], int):
        return {NUMBERS: np.array(ids, dtype=np.uint64)}
    packed = pack_texts([str(each) for each in ids])
    return {TEXT: packed[bank_keys.JOINED], OFFSETS: packed[bank_keys.OFFSETS]}


def read_ids(folder: Path, files: Collection[str], numbers: IntArray) -> ArticleIds | None:
    """The ids that a folder holds.

    Args:
        folder: the data set.
        files: names of its files.
        numbers: (m,) distinct numbers of its articles.

    Raises:
        DataError: they are not the sorted ids of these numbers.
    """
    count = len(numbers)
    values: npt.NDArray[Any] | list[str]
    if NUMBERS in files:
        values = map_array(folder / NUMBERS, dtype="uint64", shape=(count,))
    elif TEXT in files and OFFSETS in files:
        values = list(map_texts(folder / TEXT, folder / OFFSETS, rows=count))
    else:
        return None
    found = number_articles(values, source=str(folder))
    ranks = np.arange(count)
    if found.ids is None or not np.array_equal(found.numbers, ranks) or not np.array_equal(numbers, ranks):
        raise DataError(f"{folder}: its article ids do not fit its articles; build the data set again")
    return found.ids
