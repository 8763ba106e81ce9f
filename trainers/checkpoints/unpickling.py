"""Torch archives without running the code in them."""

import io
import os
import warnings
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch

from schemas.disk.opening import open_regular
from schemas.errors import ModelError
from schemas.reading.model_format import PROGRAMS, model_format
from schemas.reading.whole_zip import zip_members
from trainers.checkpoints.pickle_calls import NUMPY_SCALARS
from trainers.checkpoints.pickle_scan import scan

MOST_INFLATED = 2
"""Bytes that the members of an archive may have together, for each of the file; torch does not pack them."""

_SPARE = 16 * 2**20

# The function numpy scalars are pickled with; it has no public name.
_SCALAR: Any = np.float64(0.0).__reduce__()[0]

_ALLOWED: list[Any] = [
    # Old checkpoints hold metrics as numpy scalars, under numpy's old and new module names.
    *((_SCALAR, name) for name in NUMPY_SCALARS),
    np.dtype,
    *{type(np.dtype(code)) for code in "?bBhHiIlLqQefdgUS"},
]


def load_archive(data: bytes, name: str) -> dict[str, object]:
    """Plain values and tensors of a ``torch.save`` zip archive.

    What the archive declares and what its pickle asks for are looked at before anything is built.

    Raises:
        ModelError: not such an archive (the old pickle format included), damaged, or holding
            anything but tensors and plain values; nothing of it is run.
    """
    file = io.BytesIO(data)
    made = _examined(file, name)
    if made not in ("dict", "OrderedDict"):
        raise ModelError(
            f"{name} must hold a dictionary; found {made}. Save one with model_type, model_config and "
            "model_state_dict"
        )
    content: dict[object, object] = _load(file, name)
    return {str(key): value for key, value in content.items()}


def load_tensor(path: Path) -> torch.Tensor:
    """The tensor that a ``torch.save`` zip archive holds, mapped where torch can.

    Raises:
        OSError: the file cannot be read.
        ModelError: it is no such archive, damaged, or holds anything but one tensor; nothing of it is run.
    """
    with open_regular(path) as file:
        made = _examined(file, str(path))
    if made != "tensor":
        raise ModelError(
            f"{path} must hold one tensor; found {made}: save it alone, torch.save(vectors, FILE)"
        )
    tensor: torch.Tensor = _load(path, str(path), mmap=True)
    return tensor.detach()


def _examined(file: IO[bytes], name: str) -> str:
    """What an archive would build, after what it declares and asks for was looked at."""
    kind = model_format(file, name)
    if kind in PROGRAMS:
        raise ModelError(f"{name} must be a checkpoint; found {PROGRAMS[kind]}, which runs code when loaded")
    if kind != "pt":
        raise ModelError(f"{name} must be a zip archive written by torch.save; found a safetensors file")
    size = file.seek(0, os.SEEK_END)
    members = zip_members(file, name)
    sizes = {key: info.file_size for key, info in members.items()}
    most = MOST_INFLATED * size + _SPARE
    if sum(sizes.values()) > most:
        raise ModelError(
            f"{name} declares {sum(sizes.values()):,} bytes in a file of {size:,}, at most {most:,} "
            "are read; save the model again: torch does not pack its archives"
        )
    return scan(_member(file, members["data.pkl"], name), sizes, name)


def _member(file: IO[bytes], info: zipfile.ZipInfo, name: str) -> bytes:
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.read(info)
    except Exception:  # noqa: BLE001  (zlib and zipfile have many ways to say that bytes are wrong)
        raise ModelError(f"{name} is damaged: its pickle cannot be read; copy the file again") from None


def _load(file: io.BytesIO | Path, name: str, *, mmap: bool = False) -> Any:  # noqa: ANN401  (what scan said)
    if isinstance(file, io.BytesIO):
        file.seek(0)
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_ALLOWED):
            warnings.simplefilter("ignore")  # deprecations inside torch about old storages
            return torch.load(file, map_location="cpu", weights_only=True, mmap=mmap)
    except Exception:  # noqa: BLE001  (torch passes on whatever a damaged file makes its parts raise)
        # Nothing that torch says is repeated: it advises to load the file with its protection off.
        raise ModelError(
            f"{name} cannot be read: its tensors or numbers contradict themselves; copy the file again, or "
            "save it again with a recent torch"
        ) from None
