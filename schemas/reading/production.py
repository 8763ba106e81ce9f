"""Records of what is in production, from their files."""

import os

from schemas.reading.document import parse_document, read_document
from schemas.records.production import PRODUCTION_VERSION, Production


def read_production(path: str | os.PathLike[str]) -> Production:
    """Read a ``PRODUCTION.json``.

    Raises:
        ReportError: it cannot be read, is no strict JSON, has another major version or breaks the schema.
    """
    return read_document(path, "production", parse_production)


def parse_production(data: bytes) -> Production:
    """:func:`read_production` from memory.

    Raises:
        ReportError: as there.
    """
    return parse_document(data, "production", PRODUCTION_VERSION, Production)
