"""Torch archives without running the code in them."""

import io
import re
import warnings
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from schemas.errors import ModelError

# The function numpy scalars are pickled with; it has no public name.
_SCALAR: Any = np.float64(0.0).__reduce__()[0]

_DTYPES = ("Float64DType", "Float32DType", "Float16DType", "Int64DType", "Int32DType", "BoolDType")

_ALLOWED = [
    # Old checkpoints hold metrics as numpy scalars, under numpy's old and new module names.
    (_SCALAR, "numpy.core.multiarray.scalar"),
    (_SCALAR, "numpy._core.multiarray.scalar"),
    np.dtype,
    *(getattr(np.dtypes, name) for name in _DTYPES),
]


def archive_kind(data: bytes) -> str:
    """``checkpoint``, ``torchscript``, ``exported`` or ``no archive``, from the member names alone."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return "no archive"
    tails = {name.partition("/")[2] for name in names}
    if "constants.pkl" in tails or any(tail.startswith("code/") for tail in tails):
        return "torchscript"
    if "archive_format" in tails or any(name.endswith("exported_program.json") for name in names):
        return "exported"
    return "checkpoint" if "data.pkl" in tails else "no archive"


def load_archive(data: bytes, name: str) -> dict[str, object]:
    """Plain values and tensors of a ``torch.save`` zip archive.

    Raises:
        ModelError: not such an archive (the old pickle format included), damaged, or holding
            anything but tensors and plain values; nothing of it is run.
    """
    kind = archive_kind(data)
    if kind != "checkpoint":
        raise ModelError(f"{name} must be a zip archive written by torch.save; found {_describe(kind, data)}")
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_ALLOWED):
            warnings.simplefilter("ignore")  # deprecations inside torch about old storages
            content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # torch passes on whatever a damaged file makes its parts raise
        forbidden = re.search(r"GLOBAL ([\w.]+)", str(error))
        if forbidden:
            raise ModelError(
                f"{name} holds {forbidden[1]}, which could run code; "
                "expected only tensors and plain values. Save a state dict"
            ) from error
        raise ModelError(f"{name} cannot be read: {_first_line(error)}") from error
    if not isinstance(content, Mapping):
        raise ModelError(f"{name} must hold a dictionary; found {type(content).__name__}")
    return {str(key): value for key, value in content.items()}


def _describe(kind: str, data: bytes) -> str:
    if kind != "no archive":
        return f"a {kind} program, which runs code when loaded (--allow-code)"
    if not data:
        return "an empty file"
    if data[:1] == b"\x80":
        return "a bare pickle; load and save it again with a recent torch"
    return "something else, or a truncated file"


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
