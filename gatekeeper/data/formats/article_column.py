"""The array of an ``.npz`` file that says which article each row belongs to."""

from gatekeeper.data.formats.npz import Npz
from gates.article_ids import Numbered, number_articles


def read_articles(npz: Npz, key: str) -> Numbered:
    """The articles that the array ``key``, of one dimension, names, one an entry.

    Raises:
        DataError: they are no ids.
    """
    kind = npz.header(key).dtype.kind
    read = npz.objects if kind == "O" else npz.texts if kind in "US" else npz.array
    return number_articles(read(key), source=npz.source)
