"""The record of a data set reads back as it was written, and nothing else is one."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import ReportError
from schemas.reading.codec import encode
from schemas.reading.dataset import parse_dataset_record, read_dataset_record
from schemas.reading.strict_json import dumps
from schemas.records.dataset import DatasetRecord, EmbeddedBy, Origin, StoredBank, StoredFile, StoredSplit

RECORD = DatasetRecord(
    schema_version="1.1",
    created="2026-01-31T13:00:00Z",
    tool_version="0.1.0",
    context=5,
    horizon=2,
    bank=StoredBank(100, 8, 4, "float16", "a" * 64),
    splits={"train": StoredSplit(60, "0-1,3", "b" * 64)},
    origin=Origin(
        "texts.jsonl",
        "c" * 64,
        "e",
        "CC0",
        None,
        EmbeddedBy("hub", "who/e", "0123abc", "d" * 64, "float32", "mean", normalised=True, max_tokens=256),
    ),
    files={"vectors.npy": StoredFile("d" * 64, 1728)},
)


def plain(**changed: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(dumps(encode(RECORD)))
    return found | changed


def test_a_record_reads_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "dataset.json"
    path.write_text(dumps(plain()))
    assert read_dataset_record(path) == RECORD
    assert parse_dataset_record(path.read_bytes()) == RECORD


def test_an_older_record_says_nothing_of_the_encoder_but_its_name() -> None:
    older = plain(schema_version="1.0")
    del older["origin"]["embedded_by"]
    read = parse_dataset_record(json.dumps(older).encode())
    assert read == replace(RECORD, schema_version="1.0", origin=replace(RECORD.origin, embedded_by=None))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("schema_version", "2.0", "expected schema_version 1.x, found '2.0'"),
        ("context", 0, "context"),
        ("horizon", 1.5, "horizon"),
        ("bank", None, "bank"),
        ("files", {"vectors.npy": {"sha256": "d" * 63, "bytes": 1}}, "sha256"),
        ("unknown", 1, "unknown"),
    ],
)
def test_what_is_no_record_is_refused(key: str, value: object, message: str) -> None:
    with pytest.raises(ReportError, match=message):
        parse_dataset_record(json.dumps(plain(**{key: value})).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b'{"a": 1, "a": 2}', b'{"a": NaN}', b"\xff"])
def test_what_is_no_strict_json_is_refused(data: bytes) -> None:
    with pytest.raises(ReportError):
        parse_dataset_record(data)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "dataset.json"
    with pytest.raises(ReportError, match=r"^cannot read dataset .*dataset\.json: No such file"):
        read_dataset_record(path)
    path.write_text("{}")
    with pytest.raises(ReportError, match=r"^dataset .*dataset\.json: expected .*is this a dataset\?$"):
        read_dataset_record(path)
