"""Ids without anything else: an array (``*.npy``) or a text file, one a row, as a table of one column."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gatekeeper.data.formats.array_files import map_npy
from gatekeeper.data.formats.lines import has_name, read_lines
from gatekeeper.data.formats.tables import SAMPLE, Batch, Values
from schemas.errors import DataError

_COLUMN = "article"
_BATCH = 65_536


@dataclass(frozen=True, eq=False)
class IdList:
    """A :class:`~gatekeeper.data.formats.tables.Table` of ids."""

    path: Path
    values: Values
    places: Sequence[int]
    typed: bool
    row: str
    column: str = "column"

    @property
    def source(self) -> str:
        """The path."""
        return str(self.path)

    def sample(self) -> dict[str, Values]:
        """The first ids."""
        return {_COLUMN: _plain(self.values[:SAMPLE])}

    def batches(self, names: Sequence[str]) -> Iterator[Batch]:
        """All ids."""
        for start in range(0, len(self.values), _BATCH):
            part = slice(start, start + _BATCH)
            yield Batch(dict.fromkeys(names, _plain(self.values[part])), self.places[part])


def is_id_list(path: Path) -> bool:
    """Whether a file holds ids only, by its name (``*.npy``, ``*.txt``)."""
    return has_name(path, ".npy", ".txt")


def read_id_list(path: Path) -> IdList:
    """The ids of a file; blank lines of text name nothing.

    Raises:
        DataError: it is missing, broken, or no array of one dimension of whole numbers or text.
    """
    if not has_name(path, ".npy"):
        lines = [(number, line.strip()) for number, line in read_lines(path, expected="ids, one a line")]
        kept = [(number, _decoded(line, path, number)) for number, line in lines if line]
        return IdList(
            path, [each for _, each in kept], [number for number, _ in kept], typed=False, row="line"
        )
    ids = map_npy(path)
    if ids.ndim != 1 or ids.dtype.kind not in "iuU":
        raise DataError(
            f"{path} must hold ids, whole numbers or text, one a vector; found {ids.dtype} {ids.shape}"
        )
    return IdList(path, ids, range(len(ids)), typed=True, row="row")


def _decoded(line: bytes, path: Path, number: int) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} line {number}: expected UTF-8, found {line[error.start]:#04x}; save it as UTF-8"
        ) from None


def _plain(values: Values) -> list[Any]:
    return values.tolist() if isinstance(values, np.ndarray) else list(values)
