"""From the rows of a table to a corpus: the one way that all formats with rows go.

Texts are packed and vectors joined, both in a temporary file beyond some size; besides, a row costs two
numbers, and an article what is known of it.
"""

from array import array
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.data.formats.article_rows import Articles
from gatekeeper.data.formats.bank import BankFile
from gatekeeper.data.formats.chunk_order import number_chunks
from gatekeeper.data.formats.repair import Repairs, is_missing
from gatekeeper.data.formats.roles import Roles, find_roles, listed, roles_note
from gatekeeper.data.formats.spilled import Spilled
from gatekeeper.data.formats.tables import Batch, Table, Values, where
from gatekeeper.data.formats.texts import Texts
from gatekeeper.data.formats.vector_rows import Vectors
from gates.article_ids import Numbered
from gates.bank import build_bank
from gates.contracts import IntArray
from gates.packed_texts import Packer
from schemas.errors import DataError

_INT64 = range(-(2**63), 2**63)


def table_holds_texts(table: Table, keys: BankKeys) -> bool:
    """Whether a table has no vectors, or none that are wanted.

    Raises:
        DataError: it is broken, or a named column is missing.
    """
    return find_roles(table, keys).vectors is None


def read_table(table: Table, keys: BankKeys) -> Texts | BankFile:
    """Read all rows of a table of texts or of vectors.

    A text that is missing, null or empty is kept as an empty one; halves of characters and NUL are
    replaced. Without chunk numbers the rows of an article count in file order; where no id comes back,
    every text is a whole document.

    Raises:
        DataError: the table is broken, lacks a column, or holds a value that cannot be; it names the row.
    """
    roles = find_roles(table, keys)
    _refuse_incomplete(table, roles)
    rows = _Rows(table, roles)
    for batch in table.batches(roles.wanted):
        rows.add(batch)
    if roles.vectors is not None:
        return rows.bank(rows.vectors.array(), table.source, keys)
    articles, chunks, notes = rows.order(keys)
    if rows.repairs.empty == rows.count:
        raise _no_texts(table, roles)
    return Texts(
        articles,
        chunks,
        rows.texts.packed(),
        rows.articles.titles(),
        (*notes, *rows.notes(keys)),
        rows.articles.columns(),
        whole=rows.is_whole,
    )


def label_vectors(vectors: npt.NDArray[np.generic], table: Table, keys: BankKeys, *, source: str) -> BankFile:
    """The bank of an array of vectors, whose rows a table names.

    Args:
        vectors: (N, D); may be memory-mapped.
        table: a row a vector: the article, maybe its place and text.
        keys: what the columns of the table are called.
        source: how messages and reports call the array.

    Raises:
        DataError: the table is broken, names no article, or has not N rows; or the vectors are no bank.
    """
    roles = replace(find_roles(table, replace(keys, vectors=None)), vectors=None)
    if roles.article is None:
        raise _no_articles(table)
    rows = _Rows(table, roles)
    for batch in table.batches(roles.wanted):
        rows.add(batch)
        if rows.count > len(vectors):
            break
    if rows.count != len(vectors):
        found = f"more than {len(vectors)}" if rows.count > len(vectors) else rows.count
        raise DataError(
            f"{source} holds {len(vectors)} vectors, {table.source} names {found}; there must be a "
            f"{table.row} for each vector, in the same order"
        )
    return rows.bank(vectors, source, keys)


class _Rows:
    """Rows of a table, as they come."""

    def __init__(self, table: Table, roles: Roles) -> None:
        self._table, self._roles = table, roles
        self.count = 0
        self.articles = Articles(table, roles)
        self.vectors = Vectors(table)
        self.texts, self.repairs = Packer(Spilled()), Repairs()
        self._chunks = array("q")

    def add(self, batch: Batch) -> None:
        """Append the rows of a batch.

        Raises:
            DataError: a value cannot be what its column says.
        """
        roles, columns = self._roles, batch.columns
        self.count += len(batch.places)
        self.articles.add(batch)
        if roles.chunk is not None:
            self._chunks.extend(self._checked_chunks(columns[roles.chunk], batch.places))
        if roles.text is not None:
            values = columns[roles.text]
            self.texts.add(
                self.repairs.text(self._text(*each)) for each in zip(values, batch.places, strict=True)
            )
        if roles.vectors is not None:
            self.vectors.add(columns[roles.vectors], batch.places, roles.vectors)

    @property
    def is_whole(self) -> bool:
        """Whether every row is an article of its own, and nobody says otherwise."""
        return self._roles.chunk is None and self.articles.count == self.count

    def order(self, keys: BankKeys) -> tuple[Numbered, IntArray, tuple[str, ...]]:
        """Articles and chunks (N,) of all rows, and what to know about their order.

        Raises:
            DataError: there are no rows, or the rows of an article lie apart and nothing says their order.
        """
        table = self._table
        if not self.count:
            raise _no_texts(table, self._roles)
        articles = self.articles.numbered()
        if self._roles.chunk is not None:
            return articles, np.frombuffer(self._chunks, dtype=np.int64), ()
        if self.is_whole:
            note = f"{table.source}: no chunk numbers, and no id comes back: every {table.row} is a document"
            return articles, np.zeros(self.count, dtype=np.int64), (note,)
        chunks = number_chunks(
            articles,
            table.source,
            missing=f"{table.column} of chunk numbers",
            advice=f"--chunk-key says which {table.column} orders them",
        )
        note = f"{table.source}: no {table.column} says the order of chunks; {table.row}s count in file order"
        return articles, chunks, () if keys.chunks is not None else (note,)

    def notes(self, keys: BankKeys) -> tuple[str, ...]:
        """What else a user should know."""
        return (
            *roles_note(self._table, self._roles, keys),
            *self.articles.notes(),
            *self.repairs.told(self._table.source),
        )

    def bank(self, vectors: npt.NDArray[np.generic], source: str, keys: BankKeys) -> BankFile:
        """The bank of these rows.

        Raises:
            DataError: they are none.
        """
        articles, chunks, notes = self.order(keys)
        if self.is_whole and self.count > 1:
            raise DataError(
                f"{self._table.source}: every vector is of an article of its own ({self._roles.article!r} "
                "never comes back), so none follows another; --article-key says what names the article"
            )
        texts = None if self._roles.text is None else self.texts.packed()
        titles = self.articles.titles()
        bank = build_bank(vectors, articles, chunks, source=source, texts=texts, titles=titles)
        return BankFile(bank, (*notes, *self.notes(keys)), self.articles.columns())

    def _text(self, value: object, place: int) -> str | None:
        if isinstance(value, str):
            return value
        if not is_missing(value):
            raise DataError(
                f"{where(self._table, place)}: {self._roles.text} must be text; found {type(value).__name__} "
                f"{str(value)[:40]!r}"
            )
        return None

    def _checked_chunks(self, values: Values, places: Sequence[int]) -> list[int]:
        found = []
        for value, place in zip(values, places, strict=True):
            number = value
            if not self._table.typed and isinstance(value, str) and value.strip().isdecimal():
                number = int(value)
            if type(number) is not int or number not in _INT64:
                raise DataError(
                    f"{where(self._table, place)}: {self._roles.chunk}, the place in the article, must be a "
                    f"whole number of 64 bits; found {str(value)[:40]!r}"
                )
            found.append(number)
        return found


def _refuse_incomplete(table: Table, roles: Roles) -> None:
    """Refuse a table without texts and vectors, or whose rows nobody can tell apart."""
    if roles.text is None and roles.vectors is None:
        raise _no_texts(table, roles)
    if roles.article is None and (roles.chunk is not None or roles.vectors is not None):
        raise _no_articles(table)


def _no_articles(table: Table) -> DataError:
    return DataError(
        f"{table.source}: no {table.column} names the article of a {table.row}; found the {table.column}s "
        f"{listed(table.sample())}; --article-key says which does"
    )


def _no_texts(table: Table, roles: Roles) -> DataError:
    what = "texts" if roles.vectors is None else "vectors"
    named = "article, chunk and text" if roles.vectors is None else "article, chunk and vectors"
    sample = table.sample()
    expected = f"expected a {table.row} for each chunk, with {named}"
    if not sample:
        return DataError(f"{table.source} holds no {what}; {expected}")
    return DataError(
        f"{table.source} holds no {what}; {expected}; found the {table.column}s {listed(sample)}; --text-key "
        "or --vectors-key says which holds them"
    )
