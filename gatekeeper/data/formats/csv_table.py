"""CSV and TSV files as a table: the first row names the columns."""

import csv
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gatekeeper.data.formats.lines import LONGEST, has_name, read_lines
from gatekeeper.data.formats.tables import SAMPLE, Batch, Values
from schemas.errors import DataError

_BATCH, _BYTES = 512, 2**20  # at most, so that long cells are not held together
_DELIMITERS = ",;\t|"


def is_csv(path: Path) -> bool:
    """Whether a file is a table as text, by its name (``*.csv``, ``*.tsv``, packed or not)."""
    return has_name(path, ".csv", ".tsv")


@dataclass(frozen=True)
class CsvTable:
    """A :class:`~gatekeeper.data.formats.tables.Table` of text, quoted as RFC 4180 says.

    What stands between the cells is the one of comma, semicolon, tab and bar that the header holds most
    often. An empty cell is a missing value.
    """

    path: Path
    column: str = "column"
    row: str = "line"
    typed: bool = False

    @property
    def source(self) -> str:
        """The path."""
        return str(self.path)

    def sample(self) -> dict[str, Values]:
        """The columns of the first rows."""
        rows = next(self._batches(SAMPLE), [])
        return {name: [row.cells[place] for row in rows] for place, name in enumerate(self._header)}

    def batches(self, names: Sequence[str]) -> Iterator[Batch]:
        """All rows, each called by the line it begins in."""
        wanted = [(name, self._header.index(name)) for name in names]
        for rows in self._batches(_BATCH):
            yield Batch(
                {name: [row.cells[place] for row in rows] for name, place in wanted},
                [row.line for row in rows],
            )

    @functools.cached_property
    def _header(self) -> list[str]:
        first = next(self._rows(), None)
        if first is None:
            raise DataError(f"{self.path} is empty; expected a header that names the columns, and rows")
        names = [name or "" for name in first.cells]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise DataError(f"{self.path} names the column {twice[:40]!r} twice; give each its own name")
        return names

    @functools.cached_property
    def _delimiter(self) -> str:
        for _, line in read_lines(self.path, expected=_EXPECTED):
            if line.strip():
                header = line.decode("utf-8", "replace")
                return max(_DELIMITERS, key=header.count)
        return _DELIMITERS[0]

    def _batches(self, most: int) -> Iterator[list["_Row"]]:
        batch: list[_Row] = []
        size, width = 0, len(self._header)
        rows = self._rows()
        next(rows)
        for row in rows:
            if len(row.cells) != width:
                raise DataError(
                    f"{self.path} line {row.line}: expected {width} cells, as the header names, found "
                    f"{len(row.cells)}; quote cells that hold {self._delimiter!r}"
                )
            batch.append(row)
            size += sum(len(cell) for cell in row.cells if cell)
            if len(batch) == most or size > _BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _rows(self) -> Iterator["_Row"]:
        reader = csv.reader(self._lines(), delimiter=self._delimiter, strict=True)
        line = 1
        while True:
            before = csv.field_size_limit(LONGEST)  # of the whole process, so only while a row is read
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise DataError(
                    f"{self.path} line {line}: expected cells between {self._delimiter!r}, quoted whole with "
                    f'" where they hold it; found a row that cannot be read ({error})'
                ) from None
            finally:
                csv.field_size_limit(before)
            if cells is None:
                return
            if cells:
                yield _Row(line, [cell or None for cell in cells])
            line = reader.line_num + 1

    def _lines(self) -> Iterator[str]:
        for number, line in read_lines(self.path, expected=_EXPECTED):
            try:
                yield line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise DataError(
                    f"{self.path} line {number}: expected UTF-8, found {line[error.start]:#04x}; save it "
                    "as UTF-8"
                ) from None


_EXPECTED = "a table as text"


@dataclass(frozen=True)
class _Row:
    """Cells, and the line in which they begin."""

    line: int
    cells: list[str | None]
