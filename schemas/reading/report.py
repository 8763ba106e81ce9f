"""Reports to and from files: strict, versioned, and never trusted further than they can be derived."""

import hashlib
import json
import os
from dataclasses import replace

from schemas.disk.atomic import write_text
from schemas.errors import ReportError
from schemas.reading.codec import decode, encode_record, shallow
from schemas.reading.consistency import check_report
from schemas.reading.document import check_document, read_document
from schemas.reading.schema import SCHEMAS, schema_text
from schemas.reading.strict_json import dumps, loads
from schemas.records.report import CHECKSUM, SCHEMA_VERSION, Report

__all__ = [
    "SCHEMAS", "parse_report", "read_report", "report_text", "report_to_json", "schema_text", "write_report",
]  # fmt: skip

_ROW = 240
"""Characters of a line: a metric with a value has fewer."""


def read_report(path: str | os.PathLike[str]) -> Report:
    """Read a report and derive its judgement again.

    Raises:
        ReportError: the file cannot be read, is not strict JSON, has another major version, breaks
            the schema, or contradicts itself (:func:`schemas.reading.consistency.check_report`).
    """
    return read_document(path, "report", parse_report)


def parse_report(data: str | bytes) -> Report:
    """:func:`read_report` from memory.

    Raises:
        ReportError: as there.
    """
    value = loads(data)
    plain = check_document("report", SCHEMA_VERSION, value)
    report = decode(Report, {key: item for key, item in plain.items() if key != CHECKSUM})
    judgement = check_report(report)
    if plain[CHECKSUM] != content_sha256(report):
        raise ReportError(
            f"{CHECKSUM} is not the digest of the content: the file was damaged or edited; evaluate again"
        )
    return replace(report, judgement=judgement)


def write_report(report: Report, path: str | os.PathLike[str], *, own: int = 0) -> None:
    """Write ``report`` to exactly ``path``, completely or not at all.

    Args:
        report: what is written.
        path: where to.
        own: how many of its last parts the user did not name (:func:`schemas.disk.atomic.write_stream`).

    Raises:
        ReportError: the report could not be read again: it breaks the schema or itself.
        OutputError: the file cannot be written.
    """
    value = report_to_json(report)
    check_document("report", SCHEMA_VERSION, value)
    check_report(report)
    write_text(path, dumps(value, row=_ROW), own=own)


def report_text(report: Report) -> str:
    """The text of a report's file: a metric a line, with which it is less than two thirds as long.

    Raises:
        ReportError: a number is not finite.
    """
    return dumps(report_to_json(report), row=_ROW)


def report_to_json(report: Report) -> dict[str, object]:
    """The report as plain JSON values, keys in the order of the record.

    Raises:
        ReportError: a number is not finite.
    """
    return {**encode_record(report), CHECKSUM: content_sha256(report)}


def content_sha256(report: Report) -> str:
    """SHA-256 of all but the judgement, as JSON with sorted keys and without spaces.

    It tells of damage and of edits by hand. Whoever can edit a report can also compute it again:
    only a signature proves who made one.

    Raises:
        ReportError: a number is not finite.
    """
    content = {key: item for key, item in shallow(report).items() if key != "judgement"}
    try:
        text = json.dumps(
            content,
            allow_nan=False,
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
            default=shallow,
        )
    except ValueError as error:
        raise ReportError(f"has no {CHECKSUM}: {error}") from None
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
