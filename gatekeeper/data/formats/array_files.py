"""Arrays of vectors that say of no row which article it is from; what names their rows comes beside them.

=====================  ==================================================================================
file                   vectors
=====================  ==================================================================================
``*.npy``              the array, mapped
``*.pt``, ``*.pth``    the one tensor of an archive of ``torch.save``; nothing in the file is run
``*.npz``              the array ``vectors`` or ``embeddings``, or the one that ``--vectors-key`` names
a FAISS index          those of a flat one (``IndexFlatL2``, ``IndexFlatIP``), mapped
=====================  ==================================================================================
"""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gatekeeper.config.bank_keys import VECTORS, BankKeys
from gatekeeper.data.formats.npz import open_npz
from schemas.disk.opening import open_regular, why
from schemas.errors import DataError, ModelError, UsageError
from schemas.reading.file_kinds import kind_of

Array = npt.NDArray[Any]

_FLAT = (b"IxFI", b"IxF2", b"IxFl")
_FAISS = struct.Struct("<4siqqq?i")  # name, width, rows, two of no meaning, trained, metric
_COUNT = struct.Struct("<Q")


def read_vectors(path: Path, keys: BankKeys) -> Array:
    """The vectors (N, D) of a file, told by how it begins.

    Raises:
        UsageError: its format names its rows itself.
        DataError: it is missing, broken, or holds no float matrix.
    """
    try:
        kind = kind_of(path).name
    except OSError as error:
        raise DataError(f"cannot read {path}: {why(error)}") from None
    reader = _READERS.get(kind)
    if kind == "npz":
        vectors = _npz(path, keys)
    elif reader is not None:
        vectors = reader(path)
    else:
        raise UsageError(
            f"--ids names the rows of an array (*.npy, *.npz, *.pt, a flat FAISS index); {path} is "
            f"{kind_of(path).noun}"
        )
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise DataError(
            f"{path} must hold vectors, a float matrix (chunks, width); found {vectors.dtype} {vectors.shape}"
        )
    return vectors


def map_npy(path: Path) -> Array:
    """Map the array of a ``.npy`` file.

    Raises:
        DataError: it is missing, broken, or holds Python's objects, which could run code.
    """
    try:
        with open_regular(path):
            found: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise DataError(f"cannot read {path}: {why(error)}") from None
    except Exception as error:  # noqa: BLE001  (numpy runs Python's parser on a header, which raises many)
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise DataError(f"{path} is no complete array: {said}; write it again (numpy.save)") from None
    return found


def _npz(path: Path, keys: BankKeys) -> Array:
    with open_npz(path) as npz:
        name = npz.pick(*VECTORS) if keys.vectors is None else npz.require(keys.vectors, flag="--vectors-key")
        if name is None:
            raise DataError(
                f"{path}: expected an array {VECTORS[0]!r}; found {npz.listed}; if it has another name, "
                "--vectors-key says which"
            )
        return npz.array(name)


def _tensor(path: Path) -> Array:
    import torch

    from trainers.checkpoints.unpickling import load_tensor

    try:
        tensor = load_tensor(path)
        found: Array = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
    except OSError as error:
        raise DataError(f"cannot read {path}: {why(error)}") from None
    except ModelError as error:
        raise DataError(str(error)) from None
    return found


def _faiss(path: Path) -> Array:
    """The vectors of a flat index: a header, how many numbers follow, and these as float32."""
    with open_regular(path) as file:
        head = file.read(_FAISS.size + 4 + _COUNT.size)
        size = file.seek(0, 2)
    if head[:4] not in _FLAT or len(head) < _FAISS.size + 4 + _COUNT.size:
        raise DataError(
            f"{path} must be a flat FAISS index (IndexFlatL2, IndexFlatIP); found one of kind {head[:4]!r}: "
            "write its vectors with numpy.save (index.reconstruct_n)"
        )
    _, width, rows, _, _, _, metric = _FAISS.unpack_from(head)
    start = _FAISS.size + (4 if metric > 1 else 0)  # of these metrics a number follows
    (count,) = _COUNT.unpack_from(head, start)
    start += _COUNT.size
    if width <= 0 or rows <= 0 or count != rows * width or size != start + 4 * count:
        raise DataError(
            f"{path} is no complete FAISS index: it says {rows} vectors of width {width} and has {size:,} "
            "bytes; write it again"
        )
    return np.memmap(path, dtype="<f4", mode="r", offset=start, shape=(rows, width))


_READERS: dict[str, Callable[[Path], Array]] = {"npy": map_npy, "torch": _tensor, "faiss": _faiss}
