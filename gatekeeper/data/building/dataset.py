"""Writing a data set folder (:mod:`gatekeeper.data.formats.dataset`), whole or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gatekeeper import __version__
from gatekeeper.config.articles import format_articles
from gatekeeper.data.formats.bank import pack_texts
from gatekeeper.data.formats.dataset import (
    ARTICLES,
    CHUNKS,
    KNOWN,
    OFFSETS,
    PLACES,
    RECORD,
    TEXTS,
    TITLES,
    UNMATCHED,
    VECTORS,
    Dtype,
    is_dataset,
    unit_rows,
)
from gatekeeper.data.formats.stored_ids import id_files
from gates.bank import assemble_bank, bank_digest
from gates.contracts import Bank, IntArray, Split, Window
from gates.windows import make_dataset, refuse_shared_articles, rows_digest, window_rows
from schemas.disk.atomic import write_text
from schemas.disk.opening import file_digest
from schemas.disk.whole_folder import refuse_occupied, replace_folder
from schemas.reading.codec import encode
from schemas.reading.document import check_document
from schemas.reading.strict_json import dumps
from schemas.records.dataset import (
    DATASET_VERSION,
    DatasetRecord,
    Origin,
    StoredBank,
    StoredFile,
    StoredSplit,
    Version,
)

_WHAT = "a data set"


@dataclass(frozen=True, eq=False)
class Contents:
    """What a data set holds.

    Attributes:
        bank: the chunk vectors.
        articles: split -> its articles.
        window: shape of the windows.
        windows: split -> last rows, where they are not all windows of its articles.
        unmatched: text of ``unmatched.csv``, where the data set was converted.
        places: (N, 2) where each chunk lies in the text of its document, in the order of the bank; None
            where no document was cut.
        stored: (N, D) the rows as they are stored, where the bank was made of stored ones; None where they
            are yet to be rounded.
        parents: the versions it has grown from, oldest first.
    """

    bank: Bank
    articles: Mapping[str, IntArray]
    window: Window
    windows: Mapping[str, IntArray] | None = None
    unmatched: str | None = None
    places: IntArray | None = None
    stored: npt.NDArray[Any] | None = None
    parents: tuple[Version, ...] = ()

    def splits(self) -> Mapping[str, Split]:
        """The windows of each split.

        Raises:
            DataError: a split has no window, or two splits share an article.
        """
        refuse_shared_articles(self.bank, self.articles)
        rows = self.windows
        if rows is None:
            rows = {name: window_rows(self.bank, each, self.window) for name, each in self.articles.items()}
        return make_dataset(self.bank, rows, self.window).splits


def write_dataset(
    folder: Path,
    contents: Contents,
    *,
    dtype: Dtype,
    origin: Origin,
    overwrite: bool = False,
    now: datetime | None = None,
) -> DatasetRecord:
    """Write a data set folder, whole or not at all.

    Args:
        folder: where to.
        contents: bank and splits.
        dtype: of the stored vectors. float16 halves the file; the bank is then the rounded one.
        origin: where the vectors come from.
        overwrite: whether a previous data set there is replaced.
        now: the time of the record; the clock's by default.

    Raises:
        DataError: a split has no window, or two splits share an article.
        OutputError: the folder cannot be written or holds something else.
        UsageError: it holds a data set that may not be replaced.
    """
    bank = contents.bank
    stored = bank.vectors if contents.stored is None else contents.stored
    if dtype == "float16" and contents.stored is None:
        bank, stored = _rounded(bank)
    splits = contents.splits()
    record: list[DatasetRecord] = []

    def fill(place: Path) -> None:
        arrays = _arrays(bank, stored, splits)
        if contents.places is not None:
            arrays[PLACES] = contents.places
        files = {name: _save(place / name, array) for name, array in arrays.items()}
        texts = {TITLES: _titles(bank), UNMATCHED: contents.unmatched}
        files |= {name: _save_text(place / name, text) for name, text in texts.items() if text is not None}
        record.append(
            DatasetRecord(
                schema_version=DATASET_VERSION,
                created=(now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                tool_version=__version__,
                context=contents.window.context,
                horizon=contents.window.horizon,
                bank=StoredBank(bank.rows, bank.dimension, len(np.unique(bank.articles)), dtype, bank.sha256),
                splits={name: _stored(contents.articles[name], split) for name, split in splits.items()},
                origin=origin,
                files=files,
                parents=contents.parents,
            )
        )
        value = encode(record[0], where="dataset")
        check_document("dataset", DATASET_VERSION, value)
        write_text(place / RECORD, dumps(value))

    replace_folder(folder, fill, known=KNOWN, ours=is_dataset, what=_WHAT, overwrite=overwrite)
    return record[0]


def refuse_taken(folder: Path, *, overwrite: bool) -> None:
    """Refuse a folder that :func:`write_dataset` would not replace, before hours of work for it.

    Raises:
        OutputError: it cannot be made, is a file, or holds something else.
        UsageError: it holds a data set that may not be replaced.
    """
    refuse_occupied(folder, known=KNOWN, ours=is_dataset, what=_WHAT, overwrite=overwrite)


def _arrays(bank: Bank, stored: npt.NDArray[Any], splits: Mapping[str, Split]) -> dict[str, npt.NDArray[Any]]:
    """Name of each file that holds an array -> the array."""
    arrays: dict[str, npt.NDArray[Any]] = {
        VECTORS: stored,
        ARTICLES: bank.articles,
        CHUNKS: bank.chunks,
        **id_files(bank.ids),
        **{f"{name}.npy": split.last_rows for name, split in splits.items()},
    }
    if bank.texts is not None:
        packed = pack_texts(bank.texts)
        arrays |= {TEXTS: packed["texts_utf8"], OFFSETS: packed["text_offsets"]}
    return arrays


def _titles(bank: Bank) -> str | None:
    return dumps({str(article): title for article, title in bank.titles.items()}) if bank.titles else None


def _stored(articles: IntArray, split: Split) -> StoredSplit:
    rows = split.last_rows
    return StoredSplit(len(rows), format_articles(articles.tolist()), rows_digest(rows))


def _rounded(bank: Bank) -> tuple[Bank, npt.NDArray[np.float16]]:
    """The bank as it comes back from float16, and the rows that are stored."""
    stored = bank.vectors.astype(np.float16)
    unit = unit_rows(stored)
    rounded = assemble_bank(
        unit,
        bank.articles,
        bank.chunks,
        source=bank.source,
        sha256=bank_digest(unit, bank.articles, bank.chunks, bank.ids),
        texts=bank.texts,
        titles=bank.titles,
        ids=bank.ids,
    )
    return rounded, stored


def _save(path: Path, array: npt.NDArray[Any]) -> StoredFile:
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)
    return StoredFile(file_digest(path), path.stat().st_size)


def _save_text(path: Path, text: str) -> StoredFile:
    write_text(path, text)
    return StoredFile(file_digest(path), path.stat().st_size)
