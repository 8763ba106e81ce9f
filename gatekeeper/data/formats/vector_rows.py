"""The vectors of the rows of a table, joined batch by batch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gatekeeper.data.formats.repair import is_missing
from gatekeeper.data.formats.spilled import Spilled
from gatekeeper.data.formats.tables import Table, Values, where
from schemas.errors import DataError

WIDEST = 2**20
_BRACKETS = str.maketrans("[],;", "    ")


class Vectors:
    """Vectors of one width.

    Numbers that are written out (JSON, CSV) are read as float32, the precision of a bank: what was written
    as float32 is the same again, however it was printed.
    """

    def __init__(self, table: Table) -> None:
        """Of the rows of a table."""
        self._table, self._store = table, Spilled()
        self._dtype: np.dtype[Any] | None = None
        self._width = 0

    def add(self, values: Values, places: Sequence[int], name: str) -> None:
        """Append the vectors of a batch.

        Raises:
            DataError: a row has none, or one that is of another width or no list of numbers.
        """
        block = values if isinstance(values, np.ndarray) else self._written(values, places, name)
        if not len(block):
            return
        if self._dtype is None:
            self._dtype, self._width = block.dtype, block.shape[1]
        if block.shape[1] != self._width:
            raise self._refusal(places[0], name, f"a vector of width {block.shape[1]}")
        self._store.add(np.ascontiguousarray(block.astype(self._dtype, copy=False)).tobytes())

    def array(self) -> npt.NDArray[np.generic]:
        """All of them (N, D); maybe mapped from a file."""
        data = self._store.array()
        return data.view(self._dtype or np.float32).reshape(-1, max(1, self._width))

    def _written(self, values: Values, places: Sequence[int], name: str) -> npt.NDArray[np.float32]:
        """Lists of numbers, or what such lists look like as text."""
        rows = []
        for value, place in zip(values, places, strict=True):
            row = _numbers(value)
            if row is None or not 0 < len(row) <= WIDEST:
                found = "nothing" if is_missing(value) else f"{type(value).__name__} {str(value)[:40]!r}"
                raise self._refusal(place, name, found)
            self._width = self._width or len(row)
            if len(row) != self._width:
                raise self._refusal(place, name, f"a vector of width {len(row)}")
            rows.append(row)
        return np.stack(rows) if rows else np.empty((0, 1), dtype=np.float32)

    def _refusal(self, place: int, name: str, found: str) -> DataError:
        wanted = f"{self._width} numbers" if self._width else "a list of numbers"
        return DataError(f"{where(self._table, place)}: {name} must be a vector of {wanted}; found {found}")


def _numbers(value: object) -> npt.NDArray[np.float32] | None:
    try:
        if isinstance(value, str):
            if value.lstrip()[:1] == "[" and value.rstrip()[-1:] != "]":
                return None  # cut off
            found = np.array(value.translate(_BRACKETS).split(), dtype=np.float64)
        else:
            found = np.array(value if isinstance(value, list) else None)
    except ValueError:
        return None
    if found.ndim != 1 or found.dtype.kind not in "iuf":
        return None
    with np.errstate(over="ignore"):  # infinity is refused with the bank
        return found.astype(np.float32)
