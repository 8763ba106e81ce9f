"""JSON lines: an object a line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gatekeeper.data.formats.lines import read_lines
from schemas.errors import DataError
from schemas.reading.strict_json import repeated_key


@dataclass(frozen=True)
class Line:
    """An object: the number of its line, from 1, how many bytes it takes there, and its value."""

    number: int
    size: int
    value: dict[str, object]


def read_objects(path: Path) -> Iterator[Line]:
    """Every line that is not blank; ``*.gz`` and ``*.zst`` are inflated.

    Raises:
        DataError: the file is broken, as :func:`gatekeeper.data.formats.lines.read_lines` says, or a line is
            no JSON object or names a key twice.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_unique, strict=False)
    for number, line in read_lines(path, expected="texts, a JSON object a line"):
        if not line.strip():
            continue
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
        yield Line(number, len(line), value)


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
