"""TOML from anybody, at a cost that its size bounds.

A key of n parts takes :mod:`tomllib` n squared steps, and brackets within brackets one frame each. Both
are counted before it sees the text: strings and comments are taken out first, so that only what is
structure counts.
"""

import re
import tomllib

from schemas.errors import GatekeeperError
from schemas.reading.encoding import is_utf16, without_mark

MAX_BYTES = 2**20
"""A policy of a thousand checks has a fifth of it."""

MAX_PARTS = 32
"""Of a dotted key, and as many brackets within one another."""

# What does not end is taken to the end of its line or of the text: there tomllib stops as well.
_TEXT = re.compile(
    r'"""[^"\\]*+(?:(?:\\[\s\S]|"(?!""))[^"\\]*+)*+(?:"{3,5})?'
    r"|'''[^']*+(?:'(?!'')[^']*+)*+(?:'{3,5})?"
    r'|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"?'
    r"|'[^'\n]*+'?"
    r"|#[^\n]*+"
)
_BETWEEN = re.compile(r"[\n,=\[\]{}]")
_BRACKET = re.compile(r"[\[\]{}]")


def loads(data: bytes, *, error: type[GatekeeperError]) -> dict[str, object]:
    """Parse one TOML document.

    Args:
        data: the document, UTF-8; a byte order mark in front is passed over.
        error: class to raise.

    Raises:
        GatekeeperError: of class ``error``; the text is no TOML, too long, or nested too deep.

    Example:
        >>> from schemas.errors import PolicyError
        >>> loads(b"a.b = 1", error=PolicyError)
        {'a': {'b': 1}}
    """
    if len(data) > MAX_BYTES:
        raise error(f"expected at most {MAX_BYTES} bytes of TOML, found more")
    try:
        text = without_mark(data).decode("utf-8")
        _check_structure(text, error)
        return tomllib.loads(text)
    except UnicodeDecodeError:
        found = "UTF-16; save the file as UTF-8" if is_utf16(data) else "other bytes"
        raise error(f"expected UTF-8 text, found {found}") from None
    except ValueError as broken:  # no TOML, or a number of thousands of digits
        raise error(f"not TOML: {broken}") from None
    except RecursionError:
        raise error(_too_deep()) from None


def _check_structure(text: str, error: type[GatekeeperError]) -> None:
    structure = _TEXT.sub("_", text)
    if any(part.count(".") >= MAX_PARTS for part in _BETWEEN.split(structure)):
        raise error(_too_deep())
    depth = 0
    for bracket in _BRACKET.findall(structure):
        depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
        if depth > MAX_PARTS:
            raise error(_too_deep())


def _too_deep() -> str:
    return f"tables and lists are nested more than {MAX_PARTS} deep"
