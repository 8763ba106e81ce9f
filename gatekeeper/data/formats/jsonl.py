"""JSON lines, read without believing the file: how long a line is, how many there are, what they inflate to.

Ordinary files are far below every limit. A file of 10 MB takes at most seconds and a few hundred MB of
memory before it is accepted or refused, whatever it holds.
"""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from schemas.disk.opening import open_regular
from schemas.errors import DataError
from schemas.reading.encoding import is_utf16, without_mark
from schemas.reading.file_kinds import HEAD, kind_of_bytes
from schemas.reading.strict_json import repeated_key

LONGEST = 4 * 2**20
"""Bytes of a line: no chunk is longer."""

_ANY = 10 * 10**6  # a compressed file up to this size may inflate to _LEAST
_LEAST = 96 * 2**20
_RATIO = 20  # ordinary text compresses 3 to 5 times
_LEAST_LINES, _BYTES_A_LINE = 600_000, 12  # compressed; a line of ordinary text takes 40 and more


def read_objects(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Number, from 1, and object of every line that is not blank; ``*.gz`` is inflated.

    Raises:
        DataError: the file is missing, broken or of another kind, a line is no JSON object or names a key
            twice, or it is far larger than a file of its size can honestly be.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_unique, strict=False)
    for number, line in _lines(path):
        try:
            value = decoder.decode(line.decode("utf-8", "surrogatepass"))
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path} line {number}: expected UTF-8, found byte {line[error.start]:#04x}; save the file "
                "as UTF-8"
            ) from None
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path} line {number}: expected a JSON object, {_why(line, error)}") from None
        if not isinstance(value, dict):
            raise DataError(f"{path} line {number}: expected a JSON object, found {type(value).__name__}")
        yield number, value


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with open_regular(path) as raw:
            size = os.fstat(raw.fileno()).st_size
            packed = path.suffix == ".gz"
            if not packed:
                _refuse_other(path, raw.peek(HEAD)[:HEAD], size)
            with gzip.GzipFile(fileobj=raw) if packed else raw as file:
                yield from _bounded(path, file, size, packed)
    except (OSError, EOFError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise DataError(f"cannot read {path}: {why}") from None


def _bounded(
    path: Path, file: IO[bytes] | gzip.GzipFile, size: int, packed: bool
) -> Iterator[tuple[int, bytes]]:
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
        if line.strip():
            yield number, line


def _refuse_other(path: Path, head: bytes, size: int) -> None:
    kind = kind_of_bytes(head, size=size)
    if kind.role not in ("texts", "report", "other"):
        raise DataError(f"{path}: expected texts, a JSON object a line; found {kind.noun}")


class _RepeatedKeyError(ValueError):
    """An object names a key twice."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    twice = repeated_key(pairs)
    if twice is not None:
        raise _RepeatedKeyError(f"which names the key {twice[:40]!r} twice")
    return dict(pairs)


def _why(line: bytes, error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        shown = line[:40].decode("utf-8", "replace").strip()
        return f"found {shown!r}"
    if isinstance(error, _RepeatedKeyError):
        return str(error)
    if isinstance(error, RecursionError):
        return "found one that is nested too deep"
    return "found a number of thousands of digits"  # Python's int refuses it
