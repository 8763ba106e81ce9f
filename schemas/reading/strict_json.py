"""JSON as the standard defines it, nothing more: what Python's parser lets through is refused.

Refused: NaN and Infinity, numbers that overflow, duplicate keys, lone surrogates, nesting deeper
and more values than any document of ours needs, input too large to be one, and bytes that are no UTF-8.
The work grows with the length of the text, whatever it holds.
"""

import itertools
import json
import math
from collections import Counter
from collections.abc import Sequence

from schemas.errors import ReportError
from schemas.reading.encoding import is_utf16, without_mark

MAX_BYTES = 16 * 2**20
"""A report with all its controls is well under one MiB."""

MAX_VALUES = 500_000
"""Of objects and lists together: a report has under ten thousand. Every later step looks at each of them."""

MAX_DEPTH = 32

_MOST_TEXT = 80

_on_one_line = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode

_MAX_INTEGER_DIGITS = 20  # 2**64 has 20 digits: no seed, count or size needs more


def loads(text: str | bytes) -> object:
    """Parse one JSON document.

    Args:
        text: the document; bytes must be UTF-8; a byte order mark in front is passed over.

    Returns:
        dict, list, str, int, float, bool or None; every float is finite.

    Raises:
        ReportError: the text is not strict JSON; the message says what and where.

    Example:
        >>> loads('{"value": 0.5}')
        {'value': 0.5}
    """
    if len(text) > MAX_BYTES:
        raise ReportError(f"expected at most {MAX_BYTES} bytes of JSON, found {len(text)}")
    try:
        decoded = without_mark(text).decode("utf-8") if isinstance(text, bytes) else text
        value: object = json.loads(
            decoded,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_integer,
        )
    except UnicodeDecodeError as error:
        raise ReportError(
            f"expected UTF-8, found byte {error.object[error.start]:#04x} at {error.start}"
            f"{'; save the file as UTF-8' if is_utf16(error.object) else ''}"
        ) from None
    except json.JSONDecodeError as error:
        raise ReportError(f"not JSON: {error}") from None
    except RecursionError:
        raise ReportError(_too_deep()) from None
    _refuse_size(value)
    if isinstance(text, str) or "\\ud" in decoded.lower():
        _refuse_surrogates(value)
    return value


def dumps(value: object, *, row: int = 0) -> str:
    r"""Write ``value`` with two spaces of indent, keys in their given order, and a final newline.

    Args:
        value: what is written.
        row: an object or list that holds no other is written without spaces where that has at most so many
            characters.

    Raises:
        ReportError: it holds NaN, an infinity, a lone surrogate or something JSON cannot express.

    Example:
        >>> dumps({"b": 1, "a": [0.5]})
        '{\n  "b": 1,\n  "a": [\n    0.5\n  ]\n}\n'
        >>> dumps({"b": 1, "a": [0.5, 1.5]}, row=9)
        '{\n  "b": 1,\n  "a": [0.5,1.5]\n}\n'
    """
    try:
        text = _indented(value, row, "\n")
    except (TypeError, ValueError, RecursionError):
        raise ReportError(f"cannot be written as JSON: {_why_not(value)}") from None
    _refuse_surrogates(text)
    return text + "\n"


def _why_not(value: object) -> str:
    """In the words of the slow encoder, which names the number and sees what has no end."""
    try:
        return json.dumps(value, allow_nan=False, indent=2)
    except (TypeError, ValueError, RecursionError) as error:
        return str(error)


def _indented(value: object, row: int, margin: str) -> str:
    """As ``json.dumps`` with an indent, whose encoder is slow: what holds no other goes to the fast one.

    Args:
        value: what is written.
        row: as in :func:`dumps`.
        margin: a line break and the spaces in front of the value's own line.
    """
    if not isinstance(value, (dict, list, tuple)) or not value:
        return _on_one_line(value)
    named = isinstance(value, dict)
    items = value.values() if isinstance(value, dict) else value
    if row and not any(isinstance(each, (dict, list, tuple)) for each in items):
        line = _on_one_line(value)
        if len(line) <= row:
            return line
    within = f"{margin}  "
    # An object of one entry tells what a key is as JSON: {"key":0}.
    keys = (f"{_on_one_line({key: 0})[1:-2]} " for key in value) if named else itertools.repeat("")
    parts = [f"{key}{_indented(item, row, within)}" for key, item in zip(keys, items, strict=False)]
    start, end = "{}" if named else "[]"
    return f"{start}{within}{f',{within}'.join(parts)}{margin}{end}"


def repeated_key(pairs: Sequence[tuple[str, object]]) -> str | None:
    """The first key that several pairs have, found in linear time; None where each has its own.

    Example:
        >>> repeated_key([("a", 0), ("b", 1), ("b", 2)])
        'b'
    """
    if len(dict(pairs)) == len(pairs):
        return None
    return next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ReportError(f"key {str(repeated_key(pairs))[:_MOST_TEXT]!r} appears twice in one object")
    return found


def _constant(text: str) -> float:
    raise ReportError(f"{text} is not JSON; an undefined number is written as null")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ReportError(f"number {text[:40]} is too large for a double")
    return number


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > _MAX_INTEGER_DIGITS:
        raise ReportError(f"integer {text[:40]} has more than {_MAX_INTEGER_DIGITS} digits")
    return int(text)


def _refuse_size(value: object) -> None:
    level, depth, count = [value], 0, 0
    while level := [item for item in level if isinstance(item, (dict, list))]:
        depth += 1
        count += sum(map(len, level))
        if depth > MAX_DEPTH:
            raise ReportError(_too_deep())
        if count > MAX_VALUES:
            raise ReportError(f"expected at most {MAX_VALUES} values in objects and lists, found more")
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]


def _too_deep() -> str:
    return f"objects and lists are nested more than {MAX_DEPTH} deep"


def _refuse_surrogates(value: object) -> None:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ReportError(f"a string holds the lone surrogate U+{ord(text[error.start]):04X}") from None
