"""Parquet and Arrow files as a table: one file, or the shards of one."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gatekeeper.data.formats.allowance import Allowance
from gatekeeper.data.formats.arrow_files import column_names, record_batches
from gatekeeper.data.formats.arrow_library import arrow
from gatekeeper.data.formats.tables import SAMPLE, Batch, Values
from schemas.errors import DataError
from schemas.reasons import reason

_BYTES = 2**22  # of values that become Python's at a time
_LISTS = 8  # rows of a column of lists that show what it holds
_ROW = 48  # bytes of memory that a row costs whatever it holds


@dataclass(frozen=True)
class Shard:
    """A file, and the split it belongs to, where it says one."""

    path: Path
    split: str | None = None


@dataclass(frozen=True)
class ArrowTable:
    """A :class:`~gatekeeper.data.formats.tables.Table` of record batches, its rows counted from 0.

    Attributes:
        path: how messages call it: the file, or the folder of shards.
        shards: the files in order. Where they belong to splits, ``split`` is a column of the table.
    """

    path: Path
    shards: tuple[Shard, ...]
    column: str = "column"
    row: str = "row"
    typed: bool = True

    @classmethod
    def of_file(cls, path: Path) -> "ArrowTable":
        """The table of one file."""
        return cls(path, (Shard(path),))

    @property
    def source(self) -> str:
        """The path."""
        return str(self.path)

    def sample(self) -> dict[str, Values]:
        """The columns of the first rows; fewer of columns that hold lists."""
        names = self._stored
        first = next((each for each in record_batches(self.shards[0].path, names) if each.num_rows), None)
        found: dict[str, Values] = dict.fromkeys(names, ())
        if first is not None:
            rows = max(1, min(SAMPLE, _BYTES * first.num_rows // max(1, first.nbytes)))
            for name, values in zip(names, first.columns, strict=True):
                found[name] = values.slice(0, _LISTS if _is_list(values.type) else rows).to_pylist()
        if self._adds_split:
            found[_SPLIT] = [self.shards[0].split]
        return found

    def batches(self, names: Sequence[str]) -> Iterator[Batch]:
        """All rows of all shards."""
        stored = [name for name in names if name != _SPLIT or not self._adds_split]
        allowance = Allowance(sum(each.path.stat().st_size for each in self.shards), self.source, _PLAIN)
        start = 0
        for shard in self.shards:
            for batch in record_batches(shard.path, stored):
                allowance.spend(batch.nbytes + _ROW * batch.num_rows, f"row {start + batch.num_rows}")
                step = max(1, _BYTES * batch.num_rows // max(1, batch.nbytes))
                for first in range(0, batch.num_rows, step):
                    part = batch.slice(first, step)
                    columns = {name: self._values(part.column(name), name, start) for name in stored}
                    if _SPLIT in names and _SPLIT not in columns:
                        columns[_SPLIT] = [shard.split] * part.num_rows
                    yield Batch(columns, range(start, start + part.num_rows))
                    start += part.num_rows

    @functools.cached_property
    def _stored(self) -> list[str]:
        names = column_names(self.shards[0].path)
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise DataError(f"{self.path} names the column {twice[:40]!r} twice; give each its own name")
        return names

    @property
    def _adds_split(self) -> bool:
        return self.shards[0].split is not None and _SPLIT not in self._stored

    def _values(self, values: Any, name: str, start: int) -> Values:  # noqa: ANN401  (pyarrow is untyped)
        if _is_list(values.type):
            return self._matrix(values, name, start)
        try:
            found: list[object] = values.to_pylist()
        except (ValueError, OverflowError) as error:  # bytes that are no UTF-8, a date beyond Python's
            raise DataError(f"{self.source} row {start}: {name} cannot be read ({reason(error)})") from None
        return found

    def _matrix(self, values: Any, name: str, start: int) -> npt.NDArray[Any]:  # noqa: ANN401  (likewise)
        """Vectors (n, D) of a column of lists."""
        library = arrow()
        values = getattr(values, "storage", values)
        flat = values.flatten()
        lengths = values.value_lengths().to_numpy(zero_copy_only=False)
        expected = next((int(each) for each in lengths if each == each), 0)
        wrong = np.flatnonzero(lengths != expected)
        if len(wrong) or not expected or flat.null_count or not library.types.is_primitive(flat.type):
            row = int(wrong[0]) if len(wrong) else 0
            raise DataError(
                f"{self.source} row {start + row}: {name} must be a vector of {expected or 'some'} numbers; "
                f"found {_shown(values, row)}"
            )
        numbers: npt.NDArray[Any] = flat.to_numpy(zero_copy_only=False).reshape(-1, expected)
        return numbers if numbers.dtype.kind == "f" else numbers.astype(np.float32)


_SPLIT = "split"
_PLAIN = "write it without compression"


def _is_list(kind: Any) -> bool:  # noqa: ANN401  (pyarrow is untyped)
    types = arrow().types
    kind = getattr(kind, "storage_type", kind)
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _shown(values: Any, row: int) -> str:  # noqa: ANN401  (likewise)
    value = values[row]
    if not value.is_valid:
        return "nothing"
    return f"{len(value)} of type {values.type.value_type}" + (
        ", some of them null" if value.values.null_count else ""
    )
