"""Training histories to and from files."""

import os
from pathlib import Path
from typing import cast

from schemas.atomic import write_text
from schemas.codec import decode, encode
from schemas.errors import ReportError
from schemas.history import HISTORY_VERSION, History
from schemas.strict_json import dumps, loads
from schemas.validation import violation


def write_history(history: History, path: str | os.PathLike[str]) -> None:
    """Write ``history`` to exactly ``path``, completely or not at all.

    Raises:
        ReportError: a number is not finite, or the history breaks its schema.
        OutputError: the file cannot be written.
    """
    value = history_to_json(history)
    _check(value)
    write_text(path, dumps(value))


def read_history(path: str | os.PathLike[str]) -> History:
    """Read a history.

    Raises:
        ReportError: the file cannot be read, is no strict JSON, or breaks the schema.
    """
    try:
        return parse_history(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ReportError(f"cannot read history {os.fspath(path)}: {why}") from None
    except ReportError as error:
        raise ReportError(f"history {os.fspath(path)}: {error}") from None


def parse_history(data: str | bytes) -> History:
    """:func:`read_history` from memory.

    Raises:
        ReportError: as there.
    """
    value = loads(data)
    _check(value)
    return decode(History, value, where="history")


def history_to_json(history: History) -> dict[str, object]:
    """The history as plain JSON values.

    Raises:
        ReportError: a number is not finite.
    """
    return cast("dict[str, object]", encode(history, where="history"))


def _check(value: object) -> None:
    version = value.get("schema_version") if isinstance(value, dict) else None
    known = HISTORY_VERSION.partition(".")[0]
    if isinstance(version, str) and not version.startswith(f"{known}."):
        raise ReportError(
            f"expected schema_version {known}.x, found {version[:40]!r}; "
            "read it with the version of gatekeeper that wrote it"
        )
    found = violation("history", value)
    if found is not None:
        raise ReportError(f"does not follow the schema: {found}")
