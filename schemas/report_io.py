"""Reports to and from files: strict, versioned, and never trusted further than they can be derived."""

import os
import re
from pathlib import Path
from typing import cast

from schemas.atomic import write_text
from schemas.codec import decode, encode
from schemas.consistency import check_report
from schemas.errors import ReportError
from schemas.report import SCHEMA_VERSION, Report
from schemas.strict_json import MAX_BYTES, dumps, loads
from schemas.validation import SCHEMAS, schema_text, violation

__all__ = ["SCHEMAS", "parse_report", "read_report", "report_to_json", "schema_text", "write_report"]


def read_report(path: str | os.PathLike[str]) -> Report:
    """Read a report and derive its judgement again.

    Raises:
        ReportError: the file cannot be read, is not strict JSON, has another major version, breaks
            the schema, or contradicts itself (:func:`schemas.consistency.check_report`).
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ReportError(f"cannot read report {os.fspath(path)}: {why}") from None
    try:
        return parse_report(data)
    except ReportError as error:
        raise ReportError(f"report {os.fspath(path)}: {error}") from None


def parse_report(data: str | bytes) -> Report:
    """:func:`read_report` from memory.

    Raises:
        ReportError: as there.
    """
    value = loads(data)
    _check_version(value)
    _check_schema(value)
    report = decode(Report, value)
    check_report(report)
    return report


def write_report(report: Report, path: str | os.PathLike[str]) -> None:
    """Write ``report`` to exactly ``path``, completely or not at all.

    Raises:
        ReportError: the report could not be read again: it breaks the schema or itself.
        OutputError: the file cannot be written.
    """
    value = report_to_json(report)
    _check_version(value)
    _check_schema(value)
    check_report(report)
    write_text(path, dumps(value))


def report_to_json(report: Report) -> dict[str, object]:
    """The report as plain JSON values, keys in the order of the record.

    Raises:
        ReportError: a number is not finite.
    """
    return cast("dict[str, object]", encode(report))


def _check_version(value: object) -> None:
    """Before anything else: nothing can be said about a format that is not known."""
    known = SCHEMA_VERSION.partition(".")[0]
    if not isinstance(value, dict) or "schema_version" not in value:
        raise ReportError(f"expected an object with schema_version {known}.x, found none; is this a report?")
    version = value["schema_version"]
    if not isinstance(version, str) or not re.fullmatch(rf"{known}\.[0-9]{{1,3}}", version):
        raise ReportError(
            f"expected schema_version {known}.x, found {str(version)[:40]!r}; "
            "read it with the version of gatekeeper that wrote it"
        )


def _check_schema(value: object) -> None:
    found = violation("report", value)
    if found is not None:
        raise ReportError(f"does not follow the schema: {found}")
