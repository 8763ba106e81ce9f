"""The array of an ``.npz`` file that says which article each row belongs to."""

import numpy as np

from gatekeeper.data.npz import Npz
from gates.article_ids import Numbered, number_articles
from schemas.errors import DataError

_TEXT_ROWS = 4_096


def read_articles(npz: Npz, key: str) -> Numbered:
    """The articles that the array ``key`` names, one an entry.

    Raises:
        DataError: they are no ids.
    """
    shape, kind = npz.header(key).shape, npz.header(key).dtype.kind
    if len(shape) != 1:
        raise DataError(f"{npz.source}: {key} must be one-dimensional; found {shape}")
    if kind == "O":
        return number_articles(npz.objects(key), source=npz.source)
    if kind not in "US":
        return number_articles(npz.array(key), source=npz.source)
    # Text of a fixed width takes four bytes a character of the longest: each is kept once.
    places: dict[str | bytes, int] = {}
    rows = [
        np.array([places.setdefault(each, len(places)) for each in block.tolist()], dtype=np.int64)
        for block in npz.blocks(key, _TEXT_ROWS)
    ]
    found = number_articles(np.array(list(places)), source=npz.source)
    return Numbered(found.numbers[np.concatenate(rows)], found.ids) if rows else found
