"""What somebody hands over, in a file or from Python: shown in a message, or taken for what it stands for."""

import os
from pathlib import Path

from schemas.addresses import refuse_address
from schemas.errors import UsageError

_MOST = 160


def abridged(value: object) -> str:
    """A value as messages show it: on one line, and not all of a long one.

    Example:
        >>> abridged([1, 2]), len(abridged("x" * 1000))
        ('[1, 2]', 163)
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= _MOST else f"{text[:_MOST]}..."


def plain(value: object) -> object:
    """A number or an array of numpy, or a tensor, as a number or a list; anything else as it is."""
    made = getattr(value, "tolist", None)
    return made() if callable(made) else value


def path_given(value: object, expected: str) -> Path:
    """A path.

    Raises:
        UsageError: it is none, and the message begins with what was expected, or the address of a file that
            lies elsewhere.
    """
    if isinstance(value, (str, os.PathLike)):
        refuse_address(str(value))
        return Path(value)
    raise UsageError(f"expected {expected}, found {abridged(value)}")


def count_given(name: str, value: object) -> int:
    """A whole number from 1 on, also one of numpy.

    Raises:
        UsageError: it is none; the message begins with the parameter's name.
    """
    found = plain(value)
    if type(found) is int and found >= 1:
        return found
    raise UsageError(f"{name}= must be a whole number of at least 1; found {abridged(value)}")
