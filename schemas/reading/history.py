"""Training histories to and from files."""

import os

from schemas.disk.atomic import write_text
from schemas.reading.codec import encode_record
from schemas.reading.document import check_document, parse_document, read_document
from schemas.reading.strict_json import dumps
from schemas.records.history import HISTORY_VERSION, History


def write_history(history: History, path: str | os.PathLike[str]) -> None:
    """Write ``history`` to exactly ``path``, completely or not at all; a link there is not followed.

    Raises:
        ReportError: a number is not finite, or the history breaks its schema.
        OutputError: the file cannot be written.
    """
    value = history_to_json(history)
    check_document("history", HISTORY_VERSION, value)
    write_text(path, dumps(value), own=1)


def read_history(path: str | os.PathLike[str]) -> History:
    """Read a history.

    Raises:
        ReportError: the file cannot be read, is no strict JSON, or breaks the schema.
    """
    return read_document(path, "history", parse_history)


def parse_history(data: str | bytes) -> History:
    """:func:`read_history` from memory.

    Raises:
        ReportError: as there.
    """
    return parse_document(data, "history", HISTORY_VERSION, History)


def history_to_json(history: History) -> dict[str, object]:
    """The history as plain JSON values.

    Raises:
        ReportError: a number is not finite.
    """
    return encode_record(history, where="history")
