"""Built data sets: a bank and its splits as memory-mapped arrays in a folder.

::

    DIR/dataset.json          record with digests (gatekeeper schema dataset); written last
    DIR/vectors.npy           (N, D) float32 or float16, unit rows, sorted by article and chunk
    DIR/articles.npy          (N,) int64 article numbers
    DIR/chunks.npy            (N,) int64
    DIR/article_ids.npy, article_ids_utf8.npy, article_id_offsets.npy      where ids are no int64 numbers
    DIR/train.npy, ...        (n,) int64 bank row of each window's last context chunk
    DIR/texts_utf8.npy, text_offsets.npy, titles.json      where the bank has texts, titles
    DIR/places.npy            (N, 2) int64 first character of each chunk and the one after its last, in the
                              text of its document, where documents were cut; -1 of chunks that came as chunks
    DIR/unmatched.csv         sequences of converted files that are no windows of the bank, and why

Windows are rows, never copied vectors. Opening maps the files and verifies their digests: a folder
whose files changed since it was built is refused, and so is one whose arrays are no bank.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gatekeeper.config.articles import parse_articles
from gatekeeper.data.article_lookup import find_numbers
from gatekeeper.data.formats.stored_arrays import check_order, check_unit, map_array, map_rows, map_texts
from gatekeeper.data.formats.stored_ids import FILES as ID_FILES
from gatekeeper.data.formats.stored_ids import read_ids
from gates.bank import assemble_bank
from gates.contracts import Bank, FloatArray, IntArray
from gates.windows import rows_digest
from schemas.disk.opening import file_digest, open_regular
from schemas.disk.whole_folder import left_behind
from schemas.errors import DataError, GatekeeperError
from schemas.reading.dataset import read_dataset_record
from schemas.reading.strict_json import MAX_BYTES, loads
from schemas.records.dataset import (
    DatasetRecord,
    StoredFile,
)
from schemas.records.splits import SPLITS

RECORD = "dataset.json"
VECTORS, ARTICLES, CHUNKS = "vectors.npy", "articles.npy", "chunks.npy"
TEXTS, OFFSETS, TITLES = "texts_utf8.npy", "text_offsets.npy", "titles.json"
UNMATCHED = "unmatched.csv"
PLACES = "places.npy"

Dtype = Literal["float32", "float16"]

_EXTRAS = (*ID_FILES, TEXTS, OFFSETS, TITLES, UNMATCHED, PLACES)
KNOWN = frozenset({RECORD, VECTORS, ARTICLES, CHUNKS, *_EXTRAS, *(f"{name}.npy" for name in SPLITS)})
_ROWS = 65_536


@dataclass(frozen=True, eq=False)
class OpenDataset:
    """A data set folder, opened.

    Attributes:
        record: what ``dataset.json`` says.
        bank: its vectors are mapped, not read, where they are stored as float32.
        splits: name -> last rows of its windows.
        articles: name -> its articles, also those too short for a window.
        places: (N, 2) where each chunk lies in the text of its document; None where no document was cut.
    """

    record: DatasetRecord
    bank: Bank
    splits: Mapping[str, IntArray]
    articles: Mapping[str, IntArray]
    places: IntArray | None


def is_dataset(path: Path) -> bool:
    """Whether ``path`` is a data set folder."""
    return (path / RECORD).is_file()


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
        vectors if record.bank.dtype == "float32" else unit_rows(vectors),
        np.asarray(articles),
        np.asarray(chunks),
        source=str(folder),
        sha256=record.bank.sha256,
        texts=texts,
        titles=_titles(folder) if TITLES in record.files else None,
        ids=read_ids(folder, record.files, present),
    )
    parents = tuple(each.sha256 for each in record.parents)
    bank = replace(bank, embedded_by=record.origin.embedded_by, parents=parents)
    places = map_array(folder / PLACES, dtype="int64", shape=(rows, 2)) if PLACES in record.files else None
    return OpenDataset(record=record, bank=bank, splits=splits, articles=owned, places=places)


def unit_rows(vectors: npt.NDArray[Any]) -> FloatArray:
    """Unit float32 rows of rounded unit rows, in blocks; the same bits every time."""
    unit = np.empty(vectors.shape, dtype=np.float32)
    for start in range(0, len(vectors), _ROWS):
        block = vectors[start : start + _ROWS].astype(np.float32)
        block /= np.sqrt(np.einsum("nd,nd->n", block, block))[:, None]
        unit[start : start + len(block)] = block
    return unit


def _verify(folder: Path, record: DatasetRecord) -> None:
    def check(item: tuple[str, StoredFile]) -> str | None:
        name, stored = item
        path = folder / name
        try:
            size = path.stat().st_size
            if size != stored.bytes:
                return f"{path} has {size} bytes, expected {stored.bytes}"
            return None if file_digest(path) == stored.sha256 else f"{path} changed since it was built"
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


def _titles(folder: Path) -> dict[int, str]:
    try:
        with open_regular(folder / TITLES) as file:
            value = loads(file.read(MAX_BYTES + 1))
        found = value if isinstance(value, dict) else {}
        return {int(article): str(title) for article, title in found.items()}
    except (OSError, ValueError, GatekeeperError) as error:
        raise DataError(f"{folder / TITLES} holds no titles: {error}; build the data set again") from None
