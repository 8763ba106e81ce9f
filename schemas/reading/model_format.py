"""The format of a model file, decided by its content alone.

A digest names bytes, not a model: a zip archive is read from its end and a safetensors file from its
beginning, so the same bytes could be one model under ``.pt`` and another under ``.safetensors``. So a
name decides nothing here, and whatever two readers could read as two things is refused: a zip archive
must fill its file without a gap, under one folder and with every name once, and nothing else may hold
the end of one. Nothing is inflated or unpickled.
"""

import errno
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
from schemas.records.inputs import ModelFormat

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

_LOCAL, _ENTRY, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_LOCAL_HEADER = struct.Struct("<4sHHHHHIIIHH")
_END = struct.Struct("<4sHHHHIIH")
_LOCATOR = struct.Struct("<4sIQI")
_WIDE_END = struct.Struct("<4sQHHIIQQQQ")
_DESCRIPTORS = (0, 12, 16, 20, 24)
"""Bytes that may follow a member whose sizes came after it: with or without a mark, of 32 or 64 bits."""

_OLD_EXPORT = "serialized_exported_program.json"

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error, EOFError)

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
    head = _at(file, 0, HEAD)
    if head.startswith(_LOCAL):
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


def zip_members(file: IO[bytes], name: str) -> dict[str, zipfile.ZipInfo]:
    """The members of a zip archive that fills its file, by their names below the one top folder.

    The names are in lower case, because torch finds a member whatever the case of its name. Files of
    ``torch.export`` before 2.8 have no top folder; then names are whole.

    Raises:
        ModelError: damaged, or a second reader could find other members in it.
    """
    size = file.seek(0, os.SEEK_END)
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            gap = _gap(file, sorted(infos, key=lambda info: info.header_offset), archive.start_dir, size)
    except _BROKEN as error:
        cause = error if isinstance(error, OSError) else error.__context__
        if isinstance(cause, OSError) and cause.errno != errno.EINVAL:  # which a place before the file gives
            raise cause from None
        raise ModelError(
            f"{name} is a damaged or truncated zip archive; copy the file again, or save the model again"
        ) from None
    if gap:
        raise ModelError(
            f"{name} is a zip archive {gap}, so that its bytes could be read as two models; "
            "save the model again"
        )
    names = [info.filename.lower() for info in infos]
    if len(set(names)) != len(names):
        raise ModelError(f"{name} is a zip archive with two members of one name; save the model again")
    folders = {each.partition("/")[0] if "/" in each else "" for each in names}
    if len(folders) > 1 and _OLD_EXPORT not in names:
        raise ModelError(
            f"{name} is a zip archive with several top folders, found "
            f"{', '.join(sorted(repr(each)[:40] for each in folders)[:3])}; torch reads one of them: "
            "save the model again"
        )
    return {
        each.partition("/")[2] if "/" in each else each: info for each, info in zip(names, infos, strict=True)
    }


def _gap(file: IO[bytes], infos: list[zipfile.ZipInfo], directory: int, size: int) -> str:
    """Where an archive leaves room for something else, or its two headers differ; "" where nowhere."""
    position = 0
    spaces: tuple[int, ...] = (0,)
    for info in infos:
        if info.header_offset - position not in spaces:
            return "with bytes between its members" if position else "with bytes before it"
        fields = _LOCAL_HEADER.unpack(_at(file, info.header_offset, _LOCAL_HEADER.size))
        flags, method, packed, full, name_size, extra_size = fields[2], fields[3], *fields[7:11]
        told = _at(file, info.header_offset + _LOCAL_HEADER.size, name_size)
        name = info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")
        if told != name or info.filename != info.orig_filename:
            return "whose members have two names"
        if method != info.compress_type or method not in _METHODS or (flags | info.flag_bits) & 0x2001:
            return "whose members are packed in two ways, or in an unknown one"
        late = bool((flags | info.flag_bits) & 0x08)
        wide = 0xFFFFFFFF in (packed, full)
        if not (late or wide) and (packed, full) != (info.compress_size, info.file_size):
            return "whose members have two sizes"
        if method == zipfile.ZIP_STORED and info.compress_size != info.file_size:
            return "whose members have two sizes"
        position = info.header_offset + _LOCAL_HEADER.size + name_size + extra_size + info.compress_size
        spaces = _DESCRIPTORS if late else (0,)
    if directory - position not in spaces:
        return "with bytes before its directory"
    return _end_fault(file, directory, size, len(infos))


def _end_fault(file: IO[bytes], directory: int, size: int, count: int) -> str:
    """What is wrong with the records behind the directory, which must end the file; "" where nothing."""
    place = size - _END.size
    mark, *_, here, total, length, start, comment = _END.unpack(_at(file, place, _END.size))
    wide = _at(file, place - _LOCATOR.size, 4) == b"PK\x06\x07"
    if wide:
        place -= _LOCATOR.size + _WIDE_END.size
        wide_mark, *_, wide_here, wide_total, wide_length, wide_start = _WIDE_END.unpack(
            _at(file, place, _WIDE_END.size)
        )
        points_at = _LOCATOR.unpack(_at(file, size - _END.size - _LOCATOR.size, _LOCATOR.size))[2]
        if wide_mark != b"PK\x06\x06" or points_at != place:
            return "with bytes after it"
        if (wide_here, wide_total, wide_length, wide_start) != (count, count, place - directory, directory):
            return "with two directories"
    if mark != _END_MARK or comment:
        return "with bytes after it"
    told = (here, total, length, start)
    wanted = (count, count, place - directory, directory)
    most = (0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    same = all(a == b or (wide and a == top) for a, b, top in zip(told, wanted, most, strict=True))
    return "" if same else "with two directories"


def _zip_format(members: Mapping[str, zipfile.ZipInfo], name: str) -> ModelFormat:
    """What the names of an archive's members say; a mark of two formats is refused."""
    scripted = "constants.pkl" in members, any(each.startswith("code/") for each in members)
    exported = "archive_format" in members or any(
        each == _OLD_EXPORT or re.fullmatch(r"models/[^/]+\.json", each) for each in members
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

    start = max(0, size - _END.size - 0xFFFF)
    tail = _at(file, start, size)
    for found in re.finditer(re.escape(_END_MARK), tail):
        record = tail[found.start() : found.start() + _END.size]
        if len(record) < _END.size:
            continue
        length, offset = struct.unpack("<II", record[12:20])
        places = start + found.start() - length, offset
        if 0xFFFFFFFF in (length, offset) or any(_at(file, place, 4) == _ENTRY for place in places):
            return "a zip archive"
    try:
        # JSON is no pickle: a walk that gets far has met something made to be one.
        for _ in itertools.islice(pickletools.genops(io.BytesIO(_at(file, 0, 2**20))), 1000):
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
    if kind.role == "bank" or kind.role == "table":
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


def _at(file: IO[bytes], place: int, count: int) -> bytes:
    if place < 0:
        return b""
    file.seek(place)
    return file.read(count)
