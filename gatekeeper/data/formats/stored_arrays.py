"""The arrays of a data set folder, mapped, with everything checked that a record says of them.

Digests show that files are those that the record names. They do not show that the record makes sense:
whoever writes one writes the other. So no number of a file is used as a place before it is known to be one.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gates.contracts import IntArray
from gates.packed_texts import PackedTexts
from schemas.errors import DataError

_ROWS = 65_536  # looked at at a time
_UNIT = 0.01  # how far a squared length may be from 1; half precision needs a tenth of it


def map_array(path: Path, *, dtype: str, shape: tuple[int | None, ...]) -> npt.NDArray[Any]:
    """Map a ``.npy`` file.

    Args:
        path: the file.
        dtype: the type it must have.
        shape: the shape it must have; None is any size.

    Raises:
        DataError: it is no array, or another one.
    """
    try:
        # Copy on write: torch refuses arrays it may not write to, and nothing here writes.
        found: npt.NDArray[Any] = np.load(path, mmap_mode="c", allow_pickle=False)
    except Exception as error:  # noqa: BLE001  (numpy runs Python's parser on a header, which raises many)
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DataError(f"{path} is no array: {reason}; build the data set again") from None
    fits = len(found.shape) == len(shape) and all(
        size in (None, have) for size, have in zip(shape, found.shape, strict=True)
    )
    if found.dtype != np.dtype(dtype) or not fits:
        wanted = tuple("any" if size is None else size for size in shape)
        raise DataError(
            f"{path} holds {found.dtype} {found.shape}, expected {dtype} ({', '.join(map(str, wanted))}); "
            "build the data set again"
        )
    return found


def map_rows(path: Path, *, count: int, rows: int) -> IntArray:
    """Map ``count`` ascending numbers of the ``rows`` rows of a bank.

    Raises:
        DataError: they are none.
    """
    found = np.asarray(map_array(path, dtype="int64", shape=(count,)))
    if len(found) and (found[0] < 0 or found[-1] >= rows or (found[1:] <= found[:-1]).any()):
        raise DataError(f"{path} does not hold ascending rows of the bank; build the data set again")
    return found


def check_order(path: Path, articles: IntArray, chunks: IntArray) -> None:
    """Refuse rows that are not sorted by article and chunk, each once.

    Raises:
        DataError: they are not.
    """
    same = articles[1:] == articles[:-1]
    if (articles[1:] < articles[:-1]).any() or (same & (chunks[1:] <= chunks[:-1])).any():
        raise DataError(f"{path} is not sorted by article and chunk; build the data set again")


def check_unit(path: Path, vectors: npt.NDArray[Any]) -> None:
    """Refuse rows (N, D) that are not finite or not of length 1; costs a tenth of their digest.

    Raises:
        DataError: one is not.
    """
    for start in range(0, len(vectors), _ROWS):
        block = vectors[start : start + _ROWS].astype(np.float32, copy=False)
        with np.errstate(over="ignore", invalid="ignore"):
            squares = np.einsum("nd,nd->n", block, block)
            bad = np.flatnonzero(~(np.abs(squares - 1) <= _UNIT))
        if bad.size:
            length = np.sqrt(squares[bad[0]])
            raise DataError(
                f"{path}: row {start + bad[0]} has length {length:g}, expected 1; build the data set again"
            )


def map_texts(data_path: Path, offsets_path: Path, *, rows: int) -> PackedTexts:
    """Map the texts of ``rows`` rows.

    Raises:
        DataError: the offsets do not cut the bytes into texts.
    """
    data = map_array(data_path, dtype="uint8", shape=(None,))
    offsets = np.asarray(map_array(offsets_path, dtype="int64", shape=(rows + 1,)))
    if offsets[0] != 0 or offsets[-1] != len(data) or (offsets[1:] < offsets[:-1]).any():
        raise DataError(f"{offsets_path} does not cut {data_path.name} into texts; build the data set again")
    texts = PackedTexts(data, offsets[:-1], offsets[1:])
    try:
        texts.check()
    except UnicodeDecodeError as error:
        raise DataError(f"{data_path} is not UTF-8 ({error.reason}); build the data set again") from None
    return texts
