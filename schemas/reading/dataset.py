"""Records of data sets, from their files."""

import os

from schemas.reading.document import parse_document, read_document
from schemas.records.dataset import DATASET_VERSION, DatasetRecord


def read_dataset_record(path: str | os.PathLike[str]) -> DatasetRecord:
    """Read a ``dataset.json``.

    Raises:
        ReportError: it cannot be read, is no strict JSON, has another major version or breaks the schema.
    """
    return read_document(path, "dataset", parse_dataset_record)


def parse_dataset_record(data: bytes) -> DatasetRecord:
    """:func:`read_dataset_record` from memory.

    Raises:
        ReportError: as there.
    """
    return parse_document(data, "dataset", DATASET_VERSION, DatasetRecord)
