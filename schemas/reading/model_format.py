"""The format of a model file, decided by its content alone.

A digest names bytes, not a model: a zip archive is read from its end and a safetensors file from its
beginning, so the same bytes could be one model under ``.pt`` and another under ``.safetensors``. So a
name decides nothing here, and whatever two readers could read as two things is refused: a zip archive
must fill its file without a gap, under one folder and with every name once, and nothing else may hold
the end of one. Nothing is inflated or unpickled.
"""

import io
import itertools
import os
import re
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from schemas.disk.opening import open_regular
from schemas.errors import ModelError
from schemas.reading.file_kinds import HEAD, FileKind, begins_like_safetensors, kind_of_bytes
from schemas.reading.whole_zip import END, END_MARK, ENTRY, LOCAL, OLD_EXPORT, read_at, zip_members
from schemas.records.model import ModelFormat

SUFFIXES: Mapping[ModelFormat, str] = {
    "pt": ".pt",
    "safetensors": ".safetensors",
    "torchscript": ".pt",
    "exported": ".pt2",
}
"""What a file of a format is called where gatekeeper names it."""

PROGRAMS: Mapping[ModelFormat, str] = {
    "torchscript": "a torchscript program",
    "exported": "an exported program",
}
"""The formats that run code when they are loaded, as messages call them."""

_ONE_OF_OURS = "a zip archive written by torch.save or a safetensors file"
_FUNCTION = "evaluate a function that makes the model: gatekeeper eval module:function"


def format_of(path: Path) -> ModelFormat:
    """The format of the model file at a path.

    Raises:
        ModelError: it cannot be read, is a symbolic link, or is no model file of one format.
    """
    try:
        with open_regular(path, follow_links=False) as file:
            return model_format(file, str(path))
    except OSError as error:
        raise ModelError(f"cannot read the model {path}: {error.strerror}") from None


def model_format(file: IO[bytes], name: str) -> ModelFormat:
    """The format of an open model file.

    Args:
        file: seekable, read from its beginning.
        name: of the file, for messages.

    Raises:
        ModelError: it is no model file, damaged, or could be read as two things.
    """
    size = file.seek(0, os.SEEK_END)
    head = read_at(file, 0, HEAD)
    if head.startswith(LOCAL):
        return _zip_format(zip_members(file, name), name)
    if begins_like_safetensors(head, size=size):
        other = _also(file, head, size)
        if other is not None:
            raise ModelError(
                f"{name} begins as a safetensors file and can also be read as {other}, so that one digest "
                "would stand for two models; save the model again"
            )
        return "safetensors"
    kind = kind_of_bytes(head, size=size)
    raise ModelError(f"{name} must be {_ONE_OF_OURS}; found {kind.noun}{_advice(kind)}")


def _zip_format(members: Mapping[str, zipfile.ZipInfo], name: str) -> ModelFormat:
    """What the names of an archive's members say; a mark of two formats is refused."""
    scripted = "constants.pkl" in members, any(each.startswith("code/") for each in members)
    exported = "archive_format" in members or any(
        each == OLD_EXPORT or re.fullmatch(r"models/[^/]+\.json", each) for each in members
    )
    if exported and not any(scripted) and "data.pkl" not in members:
        return "exported"
    if not exported and all(scripted) and "data.pkl" in members:
        return "torchscript"
    if not exported and not any(scripted) and "data.pkl" in members:
        return "pt"
    if exported or any(scripted):
        raise ModelError(
            f"{name} holds parts of a checkpoint, a TorchScript or a torch.export program at once, so that "
            "one digest would stand for two models; save the model again"
        )
    first = next(iter(members.values()), None)
    if first is not None and first.filename.endswith(".npy"):
        raise ModelError(
            f"{name} must be {_ONE_OF_OURS}; found a NumPy archive (.npz), such as a bank; the model comes "
            "first: gatekeeper eval MODEL --bank BANK"
        )
    raise ModelError(
        f"{name} must be {_ONE_OF_OURS}; found a zip archive without a model (no data.pkl); unpack it, or "
        f"{_FUNCTION}"
    )


def _also(file: IO[bytes], head: bytes, size: int) -> str | None:
    """What else a safetensors file could be read as."""
    import pickletools
    import tarfile

    start = max(0, size - END.size - 0xFFFF)
    tail = read_at(file, start, size)
    for found in re.finditer(re.escape(END_MARK), tail):
        record = tail[found.start() : found.start() + END.size]
        if len(record) < END.size:
            continue
        length, offset = struct.unpack("<II", record[12:20])
        places = start + found.start() - length, offset
        if 0xFFFFFFFF in (length, offset) or any(read_at(file, place, 4) == ENTRY for place in places):
            return "a zip archive"
    try:
        # JSON is no pickle: a walk that gets far has met something made to be one.
        for _ in itertools.islice(pickletools.genops(io.BytesIO(read_at(file, 0, 2**20))), 1000):
            pass
        return "a pickle"
    except Exception:  # noqa: BLE001  (whatever the first wrong byte makes the walk raise)
        pass
    try:
        tarfile.TarInfo.frombuf(head[:512], "utf-8", "replace")
    except tarfile.HeaderError:
        return None
    return "a tar archive"


def _advice(kind: FileKind) -> str:
    """What to do with a file that is no model of ours."""
    if kind.name == "old torch":
        return '; convert it: torch.save(torch.load("FILE", weights_only=True), "new.pt")'
    if kind.role == "table":
        return "; the model comes first: gatekeeper eval MODEL --bank BANK"
    if kind.role == "report":
        return "; name the model file that the report is about"
    if kind.name == "git-lfs":
        return "; fetch the file: git lfs pull"
    if kind.role == "archive":
        return "; unpack it"
    if kind.name == "pickle":
        return f", which could run code; save the weights with torch.save, or {_FUNCTION}"
    if kind.role == "foreign model":
        return f"; {_FUNCTION}"
    return "; copy the file again" if kind.name in ("page", "empty", "unknown") else "; name the model file"
