"""Built data sets: a bank and its splits as memory-mapped arrays in a folder.

::

    DIR/dataset.json          record with digests (gatekeeper schema dataset); written last
    DIR/vectors.npy           (N, D) float32 or float16, unit rows, sorted by article and chunk
    DIR/articles.npy          (N,) int64 article numbers
    DIR/chunks.npy            (N,) int64
    DIR/article_ids.npy, article_ids_utf8.npy, article_id_offsets.npy      where ids are no int64 numbers
    DIR/train.npy, ...        (n,) int64 bank row of each window's last context chunk
    DIR/texts_utf8.npy, text_offsets.npy, titles.json      where the bank has texts, titles
    DIR/unmatched.csv         sequences of converted files that are no windows of the bank, and why

Windows are rows, never copied vectors. Opening maps the files and verifies their digests: a folder
whose files changed since it was built is refused, and so is one whose arrays are no bank.
"""

import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gatekeeper import __version__
from gatekeeper.config.articles import format_articles, parse_articles
from gatekeeper.data.article_lookup import find_numbers
from gatekeeper.data.formats.bank import pack_texts
from gatekeeper.data.formats.stored_arrays import check_order, check_unit, map_array, map_rows, map_texts
from gatekeeper.data.formats.stored_ids import FILES as ID_FILES
from gatekeeper.data.formats.stored_ids import id_files, read_ids
from gates.bank import assemble_bank, bank_digest
from gates.contracts import Bank, FloatArray, IntArray, Window
from gates.windows import make_dataset, refuse_shared_articles, rows_digest, window_rows
from schemas.disk.atomic import write_text
from schemas.disk.opening import open_regular
from schemas.disk.whole_folder import left_behind, refuse_occupied, replace_folder
from schemas.errors import DataError, GatekeeperError
from schemas.reading.codec import encode
from schemas.reading.dataset import read_dataset_record
from schemas.reading.document import check_document
from schemas.reading.strict_json import MAX_BYTES, dumps, loads
from schemas.records.dataset import (
    DATASET_VERSION,
    DatasetRecord,
    Origin,
    StoredBank,
    StoredFile,
    StoredSplit,
)
from schemas.records.splits import SPLITS

RECORD = "dataset.json"
VECTORS, ARTICLES, CHUNKS = "vectors.npy", "articles.npy", "chunks.npy"
TEXTS, OFFSETS, TITLES = "texts_utf8.npy", "text_offsets.npy", "titles.json"
UNMATCHED = "unmatched.csv"

Dtype = Literal["float32", "float16"]

_EXTRAS = (*ID_FILES, TEXTS, OFFSETS, TITLES, UNMATCHED)
_KNOWN = frozenset({RECORD, VECTORS, ARTICLES, CHUNKS, *_EXTRAS, *(f"{name}.npy" for name in SPLITS)})
_WHAT = "a data set"
_ROWS = 65_536


@dataclass(frozen=True, eq=False)
class OpenDataset:
    """A data set folder, opened.

    Attributes:
        record: what ``dataset.json`` says.
        bank: its vectors are mapped, not read, where they are stored as float32.
        splits: name -> last rows of its windows.
        articles: name -> its articles, also those too short for a window.
    """

    record: DatasetRecord
    bank: Bank
    splits: Mapping[str, IntArray]
    articles: Mapping[str, IntArray]


def is_dataset(path: Path) -> bool:
    """Whether ``path`` is a data set folder."""
    return (path / RECORD).is_file()


def write_dataset(
    folder: Path,
    bank: Bank,
    articles: Mapping[str, IntArray],
    window: Window,
    *,
    dtype: Dtype,
    origin: Origin,
    windows: Mapping[str, IntArray] | None = None,
    unmatched: str | None = None,
    overwrite: bool = False,
    now: datetime | None = None,
) -> DatasetRecord:
    """Write a data set folder, whole or not at all.

    Args:
        folder: where to.
        bank: the chunk vectors.
        articles: split -> its articles.
        window: shape of the windows.
        dtype: of the stored vectors. float16 halves the file; the bank is then the rounded one.
        origin: where the vectors come from.
        windows: split -> last rows, where they are not all windows of its articles.
        unmatched: text of ``unmatched.csv``, where the data set was converted.
        overwrite: whether a previous data set there is replaced.
        now: the time of the record; the clock's by default.

    Raises:
        DataError: a split has no window, or two splits share an article.
        OutputError: the folder cannot be written or holds something else.
        UsageError: it holds a data set that may not be replaced.
    """
    stored: npt.NDArray[Any] = bank.vectors
    if dtype == "float16":
        bank, stored = _rounded(bank)
    refuse_shared_articles(bank, articles)
    rows = {
        name: window_rows(bank, found, window) if windows is None else windows[name]
        for name, found in articles.items()
    }
    splits = make_dataset(bank, rows, window).splits
    record: list[DatasetRecord] = []

    def fill(place: Path) -> None:
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
        files = {name: _save(place / name, array) for name, array in arrays.items()}
        if bank.titles:
            titles = dumps({str(article): title for article, title in bank.titles.items()})
            files[TITLES] = _save_text(place / TITLES, titles)
        if unmatched is not None:
            files[UNMATCHED] = _save_text(place / UNMATCHED, unmatched)
        record.append(
            DatasetRecord(
                schema_version=DATASET_VERSION,
                created=(now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                tool_version=__version__,
                context=window.context,
                horizon=window.horizon,
                bank=StoredBank(bank.rows, bank.dimension, len(np.unique(bank.articles)), dtype, bank.sha256),
                splits={
                    name: StoredSplit(
                        len(split.last_rows),
                        format_articles(articles[name].tolist()),
                        rows_digest(split.last_rows),
                    )
                    for name, split in splits.items()
                },
                origin=origin,
                files=files,
            )
        )
        value = encode(record[0], where="dataset")
        check_document("dataset", DATASET_VERSION, value)
        write_text(place / RECORD, dumps(value))

    replace_folder(folder, fill, known=_KNOWN, ours=is_dataset, what=_WHAT, overwrite=overwrite)
    return record[0]


def refuse_taken(folder: Path, *, overwrite: bool) -> None:
    """Refuse a folder that :func:`write_dataset` would not replace, before hours of work for it.

    Raises:
        OutputError: it cannot be made, is a file, or holds something else.
        UsageError: it holds a data set that may not be replaced.
    """
    refuse_occupied(folder, known=_KNOWN, ours=is_dataset, what=_WHAT, overwrite=overwrite)


def open_dataset(folder: Path) -> OpenDataset:
    """Open a data set folder and verify that its files are those that were built.

    Raises:
        DataError: it is no data set folder, a file is missing, cut short or changed, or the arrays are not
            those of a bank and its splits.
    """
    if not is_dataset(folder):
        previous = left_behind(folder)
        if previous is not None:
            raise DataError(
                f"{folder} is gone: a build that was replacing it was killed; build it again, or move the "
                f"previous one back from {previous}"
            )
        raise DataError(
            f"{folder} is no data set: expected {RECORD} in it; build one with `gatekeeper data build`"
        )
    try:
        record = read_dataset_record(folder / RECORD)
    except GatekeeperError as error:
        raise DataError(str(error)) from None
    _verify(folder, record)
    rows = record.bank.rows
    vectors = map_array(folder / VECTORS, dtype=record.bank.dtype, shape=(rows, record.bank.dimension))
    check_unit(folder / VECTORS, vectors)
    articles, chunks = (map_array(folder / name, dtype="int64", shape=(rows,)) for name in (ARTICLES, CHUNKS))
    check_order(folder / CHUNKS, articles, chunks)
    splits = {
        name: map_rows(folder / f"{name}.npy", count=split.windows, rows=rows)
        for name, split in record.splits.items()
    }
    present = np.unique(articles)
    owned = _owned(folder, record, articles, present, splits)
    texts = map_texts(folder / TEXTS, folder / OFFSETS, rows=rows) if TEXTS in record.files else None
    bank = assemble_bank(
        vectors if record.bank.dtype == "float32" else _unit(vectors),
        np.asarray(articles),
        np.asarray(chunks),
        source=str(folder),
        sha256=record.bank.sha256,
        texts=texts,
        titles=_titles(folder) if TITLES in record.files else None,
        ids=read_ids(folder, record.files, present),
    )
    return OpenDataset(record=record, bank=bank, splits=splits, articles=owned)


def _rounded(bank: Bank) -> tuple[Bank, npt.NDArray[np.float16]]:
    """The bank as it comes back from float16, and the rows that are stored."""
    stored = bank.vectors.astype(np.float16)
    unit = _unit(stored)
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


def _unit(vectors: npt.NDArray[Any]) -> FloatArray:
    """Unit float32 rows of rounded unit rows, in blocks; the same bits every time."""
    unit = np.empty(vectors.shape, dtype=np.float32)
    for start in range(0, len(vectors), _ROWS):
        block = vectors[start : start + _ROWS].astype(np.float32)
        block /= np.sqrt(np.einsum("nd,nd->n", block, block))[:, None]
        unit[start : start + len(block)] = block
    return unit


def _save(path: Path, array: npt.NDArray[Any]) -> StoredFile:
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)
    return StoredFile(_digest(path), path.stat().st_size)


def _save_text(path: Path, text: str) -> StoredFile:
    write_text(path, text)
    return StoredFile(_digest(path), path.stat().st_size)


def _verify(folder: Path, record: DatasetRecord) -> None:
    def check(item: tuple[str, StoredFile]) -> str | None:
        name, stored = item
        path = folder / name
        try:
            size = path.stat().st_size
            if size != stored.bytes:
                return f"{path} has {size} bytes, expected {stored.bytes}"
            return None if _digest(path) == stored.sha256 else f"{path} changed since it was built"
        except OSError as error:
            return f"{path} cannot be read: {error.strerror}"

    needed = {VECTORS, ARTICLES, CHUNKS, *(f"{name}.npy" for name in record.splits)}
    missing = sorted(needed - record.files.keys())
    if missing:
        raise DataError(f"{folder / RECORD} names no {missing[0]}; build the data set again")

    # Hashing leaves the interpreter's lock, so two threads read and hash at the same time.
    with ThreadPoolExecutor(2) as threads:
        wrong = next((found for found in threads.map(check, _largest_first(record)) if found), None)
    if wrong is not None:
        raise DataError(f"{wrong}; build the data set again")


def _owned(
    folder: Path,
    record: DatasetRecord,
    articles: IntArray,
    present: IntArray,
    splits: Mapping[str, IntArray],
) -> dict[str, IntArray]:
    """The articles of each split; the record must agree with the arrays that it describes."""
    wrong = len(present) != record.bank.articles
    owned = {}
    for name, split in record.splits.items():
        owned[name], missing = find_numbers(present, parse_articles(split.articles))
        wrong = wrong or rows_digest(splits[name]) != split.sha256
        wrong = wrong or missing.count > 0 or not np.isin(articles[splits[name]], owned[name]).all()
    if wrong:
        raise DataError(f"{folder / RECORD} does not describe the arrays beside it; build the data set again")
    return owned


def _largest_first(record: DatasetRecord) -> Iterator[tuple[str, StoredFile]]:
    yield from sorted(record.files.items(), key=lambda item: -item[1].bytes)


def _digest(path: Path) -> str:
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _titles(folder: Path) -> dict[int, str]:
    try:
        with open_regular(folder / TITLES) as file:
            value = loads(file.read(MAX_BYTES + 1))
        found = value if isinstance(value, dict) else {}
        return {int(article): str(title) for article, title in found.items()}
    except (OSError, ValueError, GatekeeperError) as error:
        raise DataError(f"{folder / TITLES} holds no titles: {error}; build the data set again") from None
