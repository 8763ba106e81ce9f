"""The record of a release reads back as it was written, and nothing else is one."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import ReportError
from schemas.reading.codec import encode
from schemas.reading.production import parse_production, read_production
from schemas.reading.strict_json import dumps
from schemas.records.decision import PolicyUsed
from schemas.records.production import DeployedModel, Predecessor, Production

RECORD = Production(
    schema_version="1.0",
    release=3,
    action="rollback",
    deployed="2026-01-31T13:00:00Z",
    model=DeployedModel("model.pt", "a" * 64, 17),
    report_sha256="b" * 64,
    signer="c" * 64,
    policy=PolicyUsed("seed-5cat", "d" * 64, "built-in"),
    replaced=2,
    predecessor=Predecessor(1, "e" * 64),
    restores=1,
)


@pytest.fixture
def plain() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(dumps(encode(RECORD)))
    return found


def test_a_record_reads_back_as_it_was_written(tmp_path: Path, plain: dict[str, Any]) -> None:
    path = tmp_path / "PRODUCTION.json"
    path.write_text(dumps(plain))
    assert read_production(path) == RECORD
    assert parse_production(path.read_bytes()) == RECORD


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("schema_version", "2.0", "expected schema_version 1.x, found '2.0'"),
        ("schema_version", None, "expected schema_version 1.x, found 'None'"),
        ("release", 0, "release"),
        ("release", True, "release"),
        ("action", "undo", "action"),
        ("model", {"file": "model.pt", "sha256": "a" * 63, "bytes": 17}, "model.sha256"),
        ("policy", None, "policy"),
        ("unknown", 1, "unknown"),
    ],
)
def test_what_is_no_record_is_refused(key: str, value: object, message: str, plain: dict[str, Any]) -> None:
    with pytest.raises(ReportError, match=message):
        parse_production(json.dumps(plain | {key: value}).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"a": 1, "a": 2}', b'{"a": NaN}', b"\xff"])
def test_what_is_no_strict_json_is_refused(data: bytes) -> None:
    with pytest.raises(ReportError):
        parse_production(data)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"^cannot read production .*PRODUCTION\.json: No such file"):
        read_production(tmp_path / "PRODUCTION.json")
    (tmp_path / "PRODUCTION.json").write_text("{}")
    with pytest.raises(
        ReportError, match=r"^production .*PRODUCTION\.json: expected an object .*is this a production\?$"
    ):
        read_production(tmp_path / "PRODUCTION.json")
