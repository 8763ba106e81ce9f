"""The array of an ``.npz`` file that says which article each row belongs to."""

import numpy as np

from gatekeeper.data.npz import Npz
from gates.article_ids import Numbered, number_articles, number_distinct
from schemas.errors import DataError


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
    places: dict[str, int] = {}
    rows = np.array([places.setdefault(each, len(places)) for each in npz.texts(key)], dtype=np.int64)
    ranked = number_distinct(list(places), source=npz.source)
    return Numbered(ranked.numbers[rows], ranked.ids)
