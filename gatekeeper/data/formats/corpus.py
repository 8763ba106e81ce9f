"""From the path of a corpus, whatever its format, to texts that are to be embedded or to a bank of vectors.

Every format stands once in :data:`FORMATS`; whoever adds one adds its reader there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.data.documents.cutting import Cutting, cut_texts
from gatekeeper.data.documents.folder import find_documents, read_folder
from gatekeeper.data.formats.array_files import read_vectors
from gatekeeper.data.formats.arrow_files import is_arrow_file
from gatekeeper.data.formats.arrow_table import ArrowTable
from gatekeeper.data.formats.bank import BankFile, read_bank_file
from gatekeeper.data.formats.csv_table import CsvTable, is_csv
from gatekeeper.data.formats.dataset import is_dataset
from gatekeeper.data.formats.gathering import label_vectors, read_table, table_holds_texts
from gatekeeper.data.formats.id_lists import is_id_list, read_id_list
from gatekeeper.data.formats.json_table import JsonTable, is_json_lines
from gatekeeper.data.formats.table_folders import folder_table, is_table_folder
from gatekeeper.data.formats.tables import Table
from gatekeeper.data.formats.texts import Texts
from gates.contracts import IntArray
from schemas.errors import UsageError

Corpus = Texts | BankFile
"""Texts that are to be embedded, or vectors that are a bank already."""


@dataclass(frozen=True)
class Format:
    """How sources of one format are told from others, and read.

    Attributes:
        fits: whether a path is one, by its name and how it begins; never raises.
        holds_texts: whether reading gives :class:`~gatekeeper.data.formats.texts.Texts`, told without
            reading it all.
        read: the reader.
    """

    fits: Callable[[Path], bool]
    holds_texts: Callable[[Path, BankKeys], bool]
    read: Callable[[Path, BankKeys], Corpus]


TABLES: tuple[tuple[Callable[[Path], bool], Callable[[Path], Table]], ...] = (
    (is_table_folder, folder_table),
    (is_arrow_file, ArrowTable.of_file),
    (is_csv, CsvTable),
    (is_json_lines, JsonTable),
)
"""What tells tables, and what opens them."""


def _table_format(fits: Callable[[Path], bool], table: Callable[[Path], Table]) -> Format:
    return Format(
        fits,
        lambda path, keys: table_holds_texts(table(path), keys),
        lambda path, keys: read_table(table(path), keys),
    )


def is_folder(path: Path) -> bool:
    """Whether it is a folder that is no data set."""
    return path.is_dir() and not is_dataset(path)


FORMATS = (
    *(_table_format(fits, table) for fits, table in TABLES),
    Format(
        is_folder, lambda path, keys: bool(find_documents(path).files), lambda path, keys: read_folder(path)
    ),
    # Last, since it fits all: it says what a file is that is no bank, and what to do with it.
    Format(lambda path: True, lambda path, keys: False, lambda path, keys: read_bank_file(path, keys=keys)),
)
"""The first that fits a path reads it."""


def holds_texts(path: Path, *, keys: BankKeys | None = None) -> bool:
    """Whether a source must be embedded: asked before hours of reading, to find the encoder missing.

    Raises:
        DataError: nobody can tell, because it is broken.
        UsageError: what reads it is not installed.
    """
    return _format_of(path).holds_texts(path, keys or BankKeys())


def read_corpus(
    path: Path,
    *,
    keys: BankKeys | None = None,
    ids: Path | None = None,
    cutting: Cutting | None = None,
) -> Corpus:
    """Read a source by the reader of its format; whole documents are cut into chunks.

    Args:
        path: a file, or a folder.
        keys: what its arrays, columns or keys are called, where their names are not the known ones.
        ids: of an array that says of no row which article it is from: a table, or a list of ids, a row for
            each of its vectors.
        cutting: how documents are cut, where the usual way is not meant.

    Raises:
        DataError: it is missing, broken, or of no known format; one line says what to do.
        UsageError: it needs no ids, what reads or cuts it is not installed, or ``cutting`` is given for what
            is no document.
    """
    keys = keys or BankKeys()
    if ids is None:
        read = _format_of(path).read(path, keys)
    else:
        read = label_vectors(read_vectors(path, keys), _table_of_ids(ids), keys, source=str(path))
    if isinstance(read, Texts) and read.whole:
        return cut_texts(read, cutting or Cutting(), source=str(path))
    if cutting is not None:
        raise UsageError(
            "--chunk-words, --language and --keep-boilerplate say how documents are cut into chunks; "
            f"{path} holds {'chunks' if isinstance(read, Texts) else 'vectors'} already"
        )
    return read


def places_of(corpus: Corpus) -> IntArray | None:
    """(N, 2) where each chunk lies in its document, in the order of the bank; None where none was cut."""
    if isinstance(corpus, BankFile) or corpus.places is None:
        return None
    return corpus.places[np.lexsort((corpus.chunks, corpus.articles.numbers))]


def _table_of_ids(path: Path) -> Table:
    if is_id_list(path):
        return read_id_list(path)
    opener = next((table for fits, table in TABLES if fits(path)), None)
    if opener is None:
        raise UsageError(
            f"--ids {path}: expected a list (*.npy, *.txt) or a table (*.csv, *.jsonl, *.parquet)"
        )
    return opener(path)


def _format_of(path: Path) -> Format:
    return next(each for each in FORMATS if each.fits(path))
