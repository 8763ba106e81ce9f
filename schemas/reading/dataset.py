"""Records of data sets, from their files."""

import os

from schemas.reading.codec import decode
from schemas.reading.document import check_document, read_document
from schemas.reading.strict_json import loads
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
    value = loads(data)
    check_document("dataset", DATASET_VERSION, value)
    return decode(DatasetRecord, value, where="dataset")
