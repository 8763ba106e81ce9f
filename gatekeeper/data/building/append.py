"""A data set that grows: new articles beside the old ones, whose vectors, windows and splits stay.

Nothing old is computed anew: stored rows are copied as they lie, block by block, so that building a corpus
at once and building a part and appending the rest give the same bank. The record names every earlier
version by the digest of its bank.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from gatekeeper.data.building.dataset import Contents
from gatekeeper.data.formats.dataset import UNMATCHED, VECTORS, OpenDataset, unit_rows
from gatekeeper.data.formats.stored_arrays import map_array
from gates.article_ids import number_distinct, refuse_mixed
from gates.bank import assemble_bank, bank_digest
from gates.contracts import ArticleId, ArticleIds, Bank, IntArray, Window
from gates.windows import window_rows
from schemas.disk.opening import open_regular
from schemas.errors import DataError, OutputError
from schemas.records.dataset import DatasetRecord, EmbeddedBy, Version

_ROWS = 65_536
_SHOWN = 3


def _earlier_versions(record: DatasetRecord) -> tuple[Version, ...]:
    """What a record that grows out of this one says of its past, oldest first."""
    bank, origin = record.bank, record.origin
    now = Version(bank.sha256, record.created, bank.rows, bank.articles, origin.source, origin.source_sha256)
    return (*record.parents, now)


def refuse_kind(record: DatasetRecord, folder: Path, *, texts: bool) -> None:
    """Refuse texts where vectors were given before, and vectors where texts were embedded.

    Raises:
        DataError: nobody could tell whether one encoder made both.
    """
    own = record.origin.embedded_by
    if own is None and texts:
        raise DataError(
            f"the vectors of {folder} were made elsewhere, and texts would be embedded here, maybe by "
            "another model; append vectors"
        )
    if own is not None and not texts:
        raise DataError(
            f"the vectors of {folder} were made of texts by {own.name}; append texts, so that they are "
            "embedded alike"
        )


def refuse_other_encoder(record: DatasetRecord, made_by: EmbeddedBy, folder: Path) -> None:
    """Refuse an encoder that makes other vectors than those of the data set; where it lies does not matter.

    Raises:
        DataError: in what it differs.
    """
    own = record.origin.embedded_by or made_by
    mine, theirs = _decides(own), _decides(made_by)
    for key in mine:
        if mine[key] != theirs[key]:
            raise DataError(
                f"{folder} was embedded by {own.name}, and {made_by.name} differs from it in {key} "
                f"({str(mine[key])[:12]}, {str(theirs[key])[:12]}); name the encoder of {folder}: --encoder"
            )


def _decides(made_by: EmbeddedBy) -> dict[str, object]:
    """What a vector depends on; not where the encoder lies."""
    kept = ("sha256", "precision", "pooling", "normalised", "max_tokens")
    return {key: getattr(made_by, key) for key in kept}


def refuse_known(old: Bank, added: Bank, source: str) -> None:
    """Refuse articles that the data set holds already.

    Raises:
        DataError: which; or ids of another kind.
    """
    mine, theirs = _ids(old), _ids(added)
    if isinstance(mine[0], str) is not isinstance(theirs[0], str):
        number, text = (theirs[0], mine[0]) if isinstance(mine[0], str) else (mine[0], theirs[0])
        refuse_mixed(number, text, f"{old.source} and {source}")
    known = set(mine)
    both = [each for each in theirs if each in known]
    if both:
        shown = ", ".join(map(str, both[:_SHOWN])) + (", ..." if len(both) > _SHOWN else "")
        raise DataError(
            f"{source} holds {len(both)} article(s) that {old.source} holds already ({shown}); leave them "
            "out: only new articles are appended"
        )


def grow(
    folder: Path,
    old: OpenDataset,
    added: Bank,
    splits: Mapping[str, IntArray],
    *,
    place: Path,
    places: IntArray | None = None,
) -> Contents:
    """The data set with new articles.

    Args:
        folder: where it lies.
        old: it, opened.
        added: the new articles, none of which it holds.
        splits: split -> numbers of the new articles, as ``added`` counts them.
        place: a folder with room for the vectors of both, in a file that nobody sees.
        places: (n, 2) where each new chunk lies in its document; None where none was cut.

    Raises:
        DataError: the vectors have another width.
        OutputError: there is no room.
    """
    record = old.record
    if added.dimension != record.bank.dimension:
        raise DataError(
            f"{added.source} holds vectors of width {added.dimension}, {folder} of "
            f"{record.bank.dimension}; append what the same encoder made"
        )
    joined = _joined(old.bank, added)
    before = map_array(folder / VECTORS, dtype=record.bank.dtype, shape=(old.bank.rows, old.bank.dimension))
    stored = _merged(before, added.vectors.astype(record.bank.dtype, copy=False), joined.order, place)
    vectors = stored if record.bank.dtype == "float32" else unit_rows(stored)
    bank = assemble_bank(
        vectors,
        joined.articles,
        joined.chunks,
        source=str(folder),
        sha256=bank_digest(vectors, joined.articles, joined.chunks, joined.ids),
        texts=_texts(old.bank, added, joined.order),
        titles=joined.titles(old.bank, added),
        ids=joined.ids,
    )
    window = Window(record.context, record.horizon)
    articles, windows = {}, {}
    for name in dict.fromkeys((*old.splits, *splits)):
        kept = joined.first(old.articles[name]) if name in old.articles else _NO_ROWS
        new = joined.second(splits[name]) if name in splits else _NO_ROWS
        rows = joined.position[old.splits[name]] if name in old.splits else _NO_ROWS
        articles[name] = np.sort(np.concatenate([kept, new]))
        windows[name] = np.sort(np.concatenate([rows, window_rows(bank, new, window)]))
    return Contents(
        bank,
        articles,
        window,
        windows,
        unmatched=_unmatched(folder, record),
        places=_places(old, places, joined.order),
        stored=stored,
        parents=_earlier_versions(record),
    )


_NO_ROWS: IntArray = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class _Joined:
    """Two banks counted together.

    Attributes:
        articles: (N + n,) number of each row, sorted. chunks: (N + n,).
        ids: number -> id, where numbers are ranks.
        order: (N + n,) for each row its place among the old rows and the new ones behind them.
        position: (N + n,) the inverse.
        numbers: old number, new number -> common number.
    """

    articles: IntArray
    chunks: IntArray
    ids: ArticleIds | None
    order: IntArray
    position: IntArray
    numbers: tuple[Mapping[int, int], Mapping[int, int]]

    def first(self, articles: IntArray) -> IntArray:
        """Common numbers of old articles."""
        return _renumbered(articles, self.numbers[0])

    def second(self, articles: IntArray) -> IntArray:
        """Common numbers of new articles."""
        return _renumbered(articles, self.numbers[1])

    def titles(self, old: Bank, added: Bank) -> dict[int, str]:
        """Common number -> title."""
        banks = zip((old, added), self.numbers, strict=True)
        found = {numbers[each]: title for bank, numbers in banks for each, title in bank.titles.items()}
        return dict(sorted(found.items()))


def _joined(old: Bank, added: Bank) -> _Joined:
    present = np.unique(old.articles).tolist(), np.unique(added.articles).tolist()
    common = number_distinct([*_ids(old), *_ids(added)], source=old.source)
    found = common.numbers.tolist()
    numbers = (
        dict(zip(present[0], found[: len(present[0])], strict=True)),
        dict(zip(present[1], found[len(present[0]) :], strict=True)),
    )
    articles = np.concatenate(
        [_renumbered(bank.articles, each) for bank, each in zip((old, added), numbers, strict=True)]
    )
    chunks = np.concatenate([old.chunks, added.chunks])
    order = np.lexsort((chunks, articles))
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    return _Joined(articles[order], chunks[order], common.ids, order, position, numbers)


def _ids(bank: Bank) -> list[ArticleId]:
    """The id of each article, in the order of their numbers."""
    return [bank.id_of(each) for each in np.unique(bank.articles).tolist()]


def _renumbered(articles: IntArray, numbers: Mapping[int, int]) -> IntArray:
    distinct, places = np.unique(articles, return_inverse=True)
    return np.array([numbers[each] for each in distinct.tolist()], dtype=np.int64)[places]


def _merged(old: npt.NDArray[Any], added: npt.NDArray[Any], order: IntArray, place: Path) -> npt.NDArray[Any]:
    """Rows of both in a common order, in a mapped file without a name."""
    shape = (len(order), old.shape[1])
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            merged: npt.NDArray[Any] = np.memmap(file, dtype=old.dtype, mode="w+", shape=shape)
            for start in range(0, len(order), _ROWS):
                rows = order[start : start + _ROWS]
                new = rows >= len(old)
                block = merged[start : start + len(rows)]
                block[~new] = old[rows[~new]]
                block[new] = added[rows[new] - len(old)]
    except OSError as error:
        raise OutputError(f"{place} has no room for the vectors: {error.strerror}") from None
    return merged


def _texts(old: Bank, added: Bank, order: IntArray) -> Sequence[str] | None:
    """Those of both, empty where the new ones have none; None where the old ones have none."""
    if old.texts is None:
        return None
    return _Interleaved(old.texts, added.texts or [""] * added.rows, order)


def _places(old: OpenDataset, new: IntArray | None, order: IntArray) -> IntArray | None:
    """Those of both, -1 where one has none; None where both have none."""
    if old.places is None and new is None:
        return None
    unknown = np.full((len(order), 2), -1, dtype=np.int64)
    first = unknown[: old.bank.rows] if old.places is None else np.asarray(old.places)
    return np.concatenate([first, unknown[old.bank.rows :] if new is None else new])[order]


class _Interleaved(Sequence[str]):
    """Texts of two sequences in a common order, decoded when they are asked for."""

    def __init__(self, first: Sequence[str], second: Sequence[str], order: IntArray) -> None:
        self._first, self._second, self._order = first, second, order

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, row: int) -> str: ...

    @overload
    def __getitem__(self, row: slice) -> list[str]: ...

    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(len(self)))]
        place = int(self._order[row])
        known = len(self._first)
        return self._first[place] if place < known else self._second[place - known]


def _unmatched(folder: Path, record: DatasetRecord) -> str | None:
    """What a conversion could not place, which the data set goes on saying."""
    if UNMATCHED not in record.files:
        return None
    with open_regular(folder / UNMATCHED) as file:
        return file.read().decode("utf-8")
