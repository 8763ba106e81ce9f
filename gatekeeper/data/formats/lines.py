"""Lines of a file of text, read without believing it: how long, how many, and what they inflate to.

Ordinary files are far below every limit. A file of 10 MB takes at most seconds and a few hundred MB of
memory before it is accepted or refused, whatever it holds.
"""

import gzip
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from gatekeeper.data.formats.arrow_library import arrow
from schemas.disk.opening import open_regular
from schemas.errors import DataError
from schemas.reading.encoding import is_utf16, without_mark
from schemas.reading.file_kinds import HEAD, kind_of_bytes

LONGEST = 4 * 2**20
"""Bytes of a line: no chunk is longer."""

PACKED = (".gz", ".zst")
"""How the name of a file ends that is inflated while it is read."""

_TAIL = 2**16
_ANY = 10 * 10**6  # a compressed file up to this size may inflate to _LEAST
_LEAST = 96 * 2**20
_RATIO = 20  # ordinary text compresses 3 to 5 times
_LEAST_LINES, _BYTES_A_LINE = 600_000, 12  # compressed; a line of ordinary text takes 40 and more


def has_name(path: Path, *endings: str) -> bool:
    """Whether a name ends so, packed or not.

    Example:
        >>> has_name(Path("a.jsonl.gz"), ".jsonl"), has_name(Path("a.gz"), ".jsonl")
        (True, False)
    """
    name = path.name.lower()
    for packing in PACKED:
        name = name.removesuffix(packing)
    return name.endswith(endings)


def read_lines(path: Path, *, expected: str) -> Iterator[tuple[int, bytes]]:
    """Number, from 1, and bytes of every line, blank ones too; ``*.gz`` and ``*.zst`` are inflated.

    Args:
        path: the file.
        expected: what it should hold, for the message if it holds something else.

    Raises:
        DataError: the file is missing, broken, UTF-16 or of another kind, or it is far larger than a file of
            its size can honestly be.
        UsageError: it is ``*.zst``, and what inflates that is not installed.
    """
    packing = path.suffix.lower()
    if packing == ".zst":
        arrow()  # whose absence is no fault of the file
    try:
        with open_regular(path) as raw:
            size = os.fstat(raw.fileno()).st_size
            _refuse_unfinished(path, raw, size)
            if packing not in PACKED:
                _refuse_other(path, raw.peek(HEAD)[:HEAD], size, expected)
            with _unpacked(raw, packing) as file:
                yield from _bounded(path, file, size, packing in PACKED)
    except (OSError, EOFError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise DataError(f"cannot read {path}: {why}; copy or write the file again") from None


def _unpacked(raw: io.BufferedReader, packing: str) -> IO[bytes]:
    if packing == ".gz":
        return cast(IO[bytes], gzip.GzipFile(fileobj=raw))
    if packing == ".zst":
        return io.BufferedReader(arrow().CompressedInputStream(raw, "zstd"), buffer_size=2**18)
    return raw


def _bounded(path: Path, file: IO[bytes], size: int, packed: bool) -> Iterator[tuple[int, bytes]]:
    most = _LEAST + _RATIO * max(0, size - _ANY) if packed else size
    most_lines = max(_LEAST_LINES, size // (_BYTES_A_LINE if packed else 1))
    number = seen = 0
    while line := file.readline(LONGEST + 1):
        number += 1
        seen += len(line)
        if len(line) > LONGEST:
            raise DataError(f"{path} line {number} is longer than {LONGEST} bytes; write one chunk a line")
        if seen > most or number > most_lines:
            raise DataError(
                f"{path}: {size} bytes inflate to more than {seen} bytes in {number} lines, which no file of "
                "texts does; if it is one, unpack it first"
            )
        if number == 1:
            if is_utf16(line):
                raise DataError(f"{path} is UTF-16; save the file as UTF-8")
            line = without_mark(line)
        yield number, line


def _refuse_unfinished(path: Path, raw: io.BufferedReader, size: int) -> None:
    """Refuse a file that ends in zeros: gigabytes of them take long to read."""
    if size <= _TAIL:
        return
    raw.seek(size - _TAIL)
    if not raw.read(_TAIL).strip(b"\0"):
        raise DataError(f"{path} ends in zeros, as an unfinished copy does; copy or write the file again")
    raw.seek(0)


def _refuse_other(path: Path, head: bytes, size: int, expected: str) -> None:
    kind = kind_of_bytes(head, size=size)
    if kind.role not in ("texts", "report", "other"):
        raise DataError(f"{path}: expected {expected}; found {kind.noun}")
