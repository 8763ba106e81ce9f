"""Writing ``.npz`` files: equal arrays give equal bytes, and an array may come in blocks."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO

import numpy as np

from gatekeeper.data.formats.npz import Array


@dataclass(frozen=True)
class Blocks:
    """An array too large to hold: its rows come in blocks.

    Attributes:
        shape: of the whole array. dtype: of its entries. rows: the blocks, in order.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    rows: Iterable[Array]


def npz_bytes(arrays: Mapping[str, Array]) -> bytes:
    """:func:`write_npz` into memory."""
    buffer = io.BytesIO()
    write_npz(buffer, arrays)
    return buffer.getvalue()


def write_npz(file: IO[bytes], arrays: Mapping[str, Array | Blocks]) -> None:
    """Write a compressed ``.npz`` without pickles; equal arrays give equal bytes, in blocks or whole."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            # A fixed time stamp: the bytes depend on the arrays only.
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=True) as stream:
                if isinstance(array, Blocks):
                    _write_blocks(stream, array)
                else:
                    np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=False)


def _write_blocks(stream: IO[bytes], array: Blocks) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(array.dtype),
        "fortran_order": False,
        "shape": array.shape,
    }
    np.lib.format.write_array_header_1_0(stream, header)
    for block in array.rows:
        stream.write(np.ascontiguousarray(block, dtype=array.dtype).tobytes())
