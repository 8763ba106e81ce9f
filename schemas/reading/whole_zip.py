"""Zip archives that fill their file: no second reader could find other members in them.

A zip archive is read from its end, and what lies before, between or behind its members is anybody's. Here
every byte belongs to the one archive, every member has one name and one size, and nothing is inflated.
"""

import errno
import os
import struct
import zipfile
from typing import IO

from schemas.errors import ModelError

LOCAL, ENTRY, END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
END = struct.Struct("<4sHHHHIIH")
"""The record that ends an archive."""

OLD_EXPORT = "serialized_exported_program.json"
"""What ``torch.export`` before 2.8 wrote without a top folder."""

_LOCAL_HEADER = struct.Struct("<4sHHHHHIIIHH")
_LOCATOR = struct.Struct("<4sIQI")
_WIDE_END = struct.Struct("<4sQHHIIQQQQ")
_DESCRIPTORS = (0, 12, 16, 20, 24)
"""Bytes that may follow a member whose sizes came after it: with or without a mark, of 32 or 64 bits."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error, EOFError)


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
    if len(folders) > 1 and OLD_EXPORT not in names:
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
        fields = _LOCAL_HEADER.unpack(read_at(file, info.header_offset, _LOCAL_HEADER.size))
        flags, method, packed, full, name_size, extra_size = fields[2], fields[3], *fields[7:]
        told = read_at(file, info.header_offset + _LOCAL_HEADER.size, name_size)
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
    place = size - END.size
    mark, *_, here, total, length, start, comment = END.unpack(read_at(file, place, END.size))
    wide = read_at(file, place - _LOCATOR.size, 4) == b"PK\x06\x07"
    if wide:
        place -= _LOCATOR.size + _WIDE_END.size
        wide_mark, *_, wide_here, wide_total, wide_length, wide_start = _WIDE_END.unpack(
            read_at(file, place, _WIDE_END.size)
        )
        points_at = _LOCATOR.unpack(read_at(file, size - END.size - _LOCATOR.size, _LOCATOR.size))[2]
        if wide_mark != b"PK\x06\x06" or points_at != place:
            return "with bytes after it"
        if (wide_here, wide_total, wide_length, wide_start) != (count, count, place - directory, directory):
            return "with two directories"
    if mark != END_MARK or comment:
        return "with bytes after it"
    told = (here, total, length, start)
    wanted = (count, count, place - directory, directory)
    most = (0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    same = all(a == b or (wide and a == top) for a, b, top in zip(told, wanted, most, strict=True))
    return "" if same else "with two directories"


def read_at(file: IO[bytes], place: int, count: int) -> bytes:
    """At most ``count`` bytes from a place; none where the place lies before the file."""
    if place < 0:
        return b""
    file.seek(place)
    return file.read(count)
