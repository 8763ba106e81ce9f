"""What all versioned JSON documents of ours share: a bounded read, a known version, a schema."""

import os
import re
from collections.abc import Callable
from typing import TypeVar

from schemas.disk.opening import open_regular, why
from schemas.errors import ReportError
from schemas.reading.codec import decode
from schemas.reading.schema import violation
from schemas.reading.strict_json import MAX_BYTES, loads

T = TypeVar("T")


def read_document(path: str | os.PathLike[str], name: str, parse: Callable[[bytes], T]) -> T:
    """Parse the file at ``path``; at most one byte more than a document may have is read.

    Args:
        path: the file.
        name: of its schema, for messages.
        parse: raises :class:`ReportError` for what is no such document.

    Raises:
        ReportError: the file cannot be read, or ``parse`` refuses it; the message names the path.
    """
    data = read_bounded(path, name)
    try:
        return parse(data)
    except ReportError as error:
        raise ReportError(f"{name} {os.fspath(path)}: {error}") from None


def read_bounded(path: str | os.PathLike[str], name: str) -> bytes:
    """At most one byte more than a document may have, of a regular file.

    Args:
        path: the file.
        name: what it should be, for messages.

    Raises:
        ReportError: it cannot be read, or is no file: a pipe would make a job wait for ever.
    """
    try:
        with open_regular(path) as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ReportError(f"cannot read {name} {os.fspath(path)}: {why(error)}") from None


def parse_document(data: str | bytes, name: str, version: str, record: type[T]) -> T:
    """A record from the JSON of a document that its schema describes in full.

    Args:
        data: of the file.
        name: of the schema.
        version: the one that is written today, e.g. ``1.0``.
        record: the dataclass of the document.

    Raises:
        ReportError: it is no strict JSON, has another major version or breaks the schema.
    """
    value = loads(data)
    check_document(name, version, value)
    return decode(record, value, where=name)


def check_document(name: str, version: str, value: object) -> dict[str, object]:
    """Refuse a value of an unknown major version, then one that breaks its schema.

    The version comes first: nothing can be said about a format that is not known.

    Args:
        name: of the schema.
        version: the one that is written today, e.g. ``1.0``.
        value: the parsed document.

    Returns:
        The value.

    Raises:
        ReportError: it is refused.
    """
    known = version.partition(".")[0]
    if not isinstance(value, dict) or "schema_version" not in value:
        raise ReportError(f"expected an object with schema_version {known}.x, found none; is this a {name}?")
    found = value["schema_version"]
    if not isinstance(found, str) or not re.fullmatch(rf"{known}\.[0-9]{{1,3}}", found):
        raise ReportError(
            f"expected schema_version {known}.x, found {str(found)[:40]!r}; {_advice(name, known, found)}"
        )
    broken = violation(name, value)
    if broken is not None:
        raise ReportError(f"does not follow the schema: {broken}")
    return value


def _advice(name: str, known: str, found: object) -> str:
    """What leads on: what an older version of a report says cannot be derived from it again."""
    if name == "report" and isinstance(found, str):
        older = re.fullmatch(r"([0-9]{1,3})\.[0-9]{1,3}", found)
        if older is not None and int(older.group(1)) < int(known):
            return "older versions measured less; evaluate it again"
    return "read it with the version of gatekeeper that wrote it"
