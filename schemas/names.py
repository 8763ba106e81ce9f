"""Names that somebody mistyped: the nearest one that exists."""

import difflib
from collections.abc import Iterable, Mapping, Sequence

from schemas.errors import UsageError


def nearest(name: str, known: Iterable[str], *, alike: float = 0.6) -> str | None:
    """The known name most like ``name``, or None where none is like it.

    Args:
        name: which nobody knows.
        known: the names there are.
        alike: how much, from 0 (anything is) to 1 (only itself).

    Example:
        >>> nearest("rigde", ["p6b", "ridge"]), nearest("zzz", ["p6b", "ridge"])
        ('ridge', None)
    """
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=alike)
    return near[0] if near else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``did you mean 'ridge'?``, or nothing where no known name is like ``name``."""
    near = nearest(name, known)
    return "" if near is None else f"did you mean {near!r}?"


def refuse_unknown(table: Mapping[str, object], known: Sequence[str], where: str) -> None:
    """Refuse a key that nobody knows, with the nearest one that somebody does.

    Raises:
        UsageError: its message begins with ``where``.
    """
    for key in table:
        if key not in known:
            hint = did_you_mean(key, known) or f"known are {', '.join(known)}"
            raise UsageError(f"{where}{key!r} is unknown; {hint}")
