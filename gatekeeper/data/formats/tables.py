"""What every table is to its reader: JSON lines, CSV, Parquet, Arrow, a Hugging Face folder, a file of ids.

A format is a :class:`Table`: the first rows, to see which column means what
(:mod:`gatekeeper.data.formats.roles`), and all rows of the columns that are wanted, batch by batch
(:mod:`gatekeeper.data.formats.gathering`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

SAMPLE = 512
"""Rows of which a table shows what its columns hold."""

Values = Sequence[object] | npt.NDArray[Any]
"""Entries of a column: of vectors a float array (n, D), or lists of numbers."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Some rows of a table.

    Attributes:
        columns: name -> its n values; None, or a NaN, where a row has none.
        places: how each of the n rows is called in messages, after the word of the table.
    """

    columns: Mapping[str, Values]
    places: Sequence[int]


class Table(Protocol):
    """Rows under names."""

    @property
    def source(self) -> str:
        """How messages call it."""
        ...

    @property
    def column(self) -> str:
        """What a column is called there: ``key`` or ``column``."""
        ...

    @property
    def row(self) -> str:
        """What a row is called there: ``line`` or ``row``."""
        ...

    @property
    def typed(self) -> bool:
        """Whether numbers and text are told apart; where not, ids are numbers if all of them look so."""
        ...

    def sample(self) -> Mapping[str, Values]:
        """All columns, in order, with their values in up to :data:`SAMPLE` rows.

        Raises:
            DataError: the table is missing or broken.
        """
        ...

    def batches(self, names: Sequence[str]) -> Iterator[Batch]:
        """All rows of these columns.

        Raises:
            DataError: the table is broken.
        """
        ...


def where(table: Table, place: int) -> str:
    """A row, for a message: ``texts.jsonl line 3``."""
    return f"{table.source} {table.row} {place}"
