"""Files that are no reports."""

import codecs

import pytest

from tests.gatekeeper.behaviour.bypass.gate import Gate
from tests.gatekeeper.forgery import Files

# Files that are no reports.


def test_a_missing_report_is_refused(files: Files, gate: Gate) -> None:
    files.report.unlink()
    assert gate.refuse(files) == f"Error: cannot read report {files.report}: No such file or directory"


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_truncated_report_is_refused(files: Files, gate: Gate, share: float) -> None:
    data = files.report.read_bytes()
    files.report.write_bytes(data[: int(share * len(data))])
    assert f"Error: report {files.report}: not JSON: " in gate.refuse(files)


def test_a_report_truncated_by_its_last_brace_is_refused(files: Files, gate: Gate) -> None:
    files.report.write_bytes(files.report.read_bytes().removesuffix(b"}\n"))
    assert f"Error: report {files.report}: not JSON: " in gate.refuse(files)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_report_in_another_encoding_is_refused(files: Files, gate: Gate, encoding: str) -> None:
    text = files.report.read_text()
    files.report.write_bytes(codecs.encode(text, encoding))
    assert f"Error: report {files.report}: " in gate.refuse(files)


def test_a_second_byte_order_mark_is_no_json(files: Files, gate: Gate) -> None:
    files.report.write_bytes(codecs.BOM_UTF8 * 2 + files.report.read_bytes())
    assert f"Error: report {files.report}: not JSON: " in gate.refuse(files)


@pytest.mark.parametrize(
    "data", [b"null", b"[]", b"true", b'"deployable"', b"{}", b"0", b'{"schema_version": "1.0"}']
)
def test_json_that_is_no_report_is_refused(files: Files, gate: Gate, data: bytes) -> None:
    files.report.write_bytes(data)
    assert f"Error: report {files.report}: " in gate.refuse(files)
