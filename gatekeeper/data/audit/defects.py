"""A bank file as it is, defects included: for whoever wants to know what is wrong with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.data.formats.article_column import read_articles
from gatekeeper.data.formats.bank import find_arrays
from gatekeeper.data.formats.npz import open_npz
from gates.article_ids import Numbered
from gates.geometry import without_extremes

_BLOCK = 2**20  # numbers looked at at a time
_SHOWN = 5


@dataclass(frozen=True)
class Defect:
    """Something :func:`gates.bank.build_bank` would refuse, or a reader should know.

    Attributes:
        kind: e.g. ``zero rows``.
        count: how often.
        examples: the first places, in words.
        fatal: whether no bank can be made of the file as it is.
    """

    kind: str
    count: int
    examples: tuple[str, ...]
    fatal: bool


@dataclass(frozen=True)
class Norms:
    """Lengths of the stored vectors: smallest, median and largest of the finite ones."""

    low: float
    median: float
    high: float


def find_defects(path: Path, keys: BankKeys | None = None) -> tuple[tuple[Defect, ...], Norms]:
    """Everything that is wrong with the rows of a bank file.

    Args:
        path: a bank file.
        keys: what its arrays are called, where their names are not the known ones.

    Raises:
        DataError: the file is no bank at all (missing arrays, wrong shapes).
    """
    with open_npz(path) as npz:
        names = find_arrays(npz, keys or BankKeys())
        vectors, articles = npz.array(names.vectors), read_articles(npz, names.articles)
        chunks = None if names.chunks is None else npz.array(names.chunks)
    lengths, finite = _lengths(vectors)
    found = [
        _rows("rows with NaN or infinity", ~finite, articles, fatal=True),
        _rows("rows of zeros", finite & (lengths == 0.0), articles, fatal=True),
    ]
    if chunks is not None and chunks.shape == articles.numbers.shape:
        found.append(_repeated(articles, chunks))
    proper = lengths[finite]
    norms = Norms(*(float(q) for q in np.quantile(proper, [0, 0.5, 1]))) if len(proper) else Norms(0, 0, 0)
    return tuple(defect for defect in found if defect.count), norms


def _lengths(vectors: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Length of each row, 0 where it is not finite, and which rows are."""
    lengths = np.zeros(len(vectors))
    finite = np.empty(len(vectors), dtype=np.bool_)
    size = max(1, _BLOCK // vectors.shape[1])
    for start in range(0, len(vectors), size):
        block = vectors[start : start + size].astype(np.float64)
        part = slice(start, start + len(block))
        finite[part] = np.isfinite(block).all(axis=1)
        scaled, exponents = without_extremes(np.where(finite[part, None], block, 0.0))
        length = np.ldexp(np.sqrt(np.einsum("nd,nd->n", scaled, scaled)), exponents)
        lengths[part] = np.minimum(length, np.finfo(np.float64).max)
    return lengths, finite


def _rows(kind: str, bad: npt.NDArray[np.bool_], articles: Numbered, *, fatal: bool) -> Defect:
    rows = np.flatnonzero(bad)
    examples = tuple(
        f"row {row} (article {articles.id_of(int(articles.numbers[row]))})" for row in rows[:_SHOWN]
    )
    return Defect(kind, len(rows), examples, fatal)


def _repeated(articles: Numbered, chunks: npt.NDArray[Any]) -> Defect:
    numbers = articles.numbers
    order = np.lexsort((chunks, numbers))
    same = (np.diff(numbers[order]) == 0) & (np.diff(chunks[order]) == 0)
    first = order[np.flatnonzero(same)]
    examples = tuple(
        f"article {articles.id_of(int(numbers[row]))} chunk {chunks[row]}" for row in first[:_SHOWN]
    )
    return Defect("(article, chunk) pairs that occur twice", int(same.sum()), examples, fatal=True)
