"""A document is read from regular files only, never further than a document may go, and by version."""

import os
from pathlib import Path

import pytest

from schemas.errors import ReportError, UsageError
from schemas.reading import document
from schemas.reading.document import check_document, read_bounded, read_document


@pytest.mark.parametrize(("size", "length"), [(0, 0), (9, 9), (10, 10), (11, 11), (12, 11), (1000, 11)])
def test_at_most_one_byte_more_than_allowed_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, length: int
) -> None:
    monkeypatch.setattr(document, "MAX_BYTES", 10)
    path = tmp_path / "history.json"
    path.write_bytes(b"x" * size)
    assert read_bounded(path, "history") == b"x" * length


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    os.mkfifo(path)  # nobody ever writes: a plain open would wait for ever
    with pytest.raises(ReportError) as caught:
        read_bounded(path, "report")
    assert str(caught.value) == f"cannot read report {path}: it is no regular file"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing", "No such file or directory"),
        ("missing/report.json", "No such file or directory"),
        ("file/report.json", "Not a directory"),
    ],
)
def test_what_cannot_be_opened_is_named_with_the_systems_reason(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / name, str(tmp_path / name)):
        with pytest.raises(ReportError) as caught:
            read_document(path, "report", bytes)
        assert str(caught.value) == f"cannot read report {path}: {why}"


def test_a_name_no_system_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError) as caught:
        read_bounded(f"{tmp_path}/nul\0byte", "report")
    assert str(caught.value) == f"cannot read report {tmp_path}/nul\0byte: embedded null byte"


def test_a_document_is_what_its_parser_makes_of_it(tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    path.write_bytes(b"12")
    assert read_document(path, "number", int) == 12


def test_only_the_parsers_own_refusal_is_put_after_the_path(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_bytes(b"")

    def refuse(data: bytes) -> object:
        raise ReportError(f"{len(data)} bytes are too few")

    def break_down(data: bytes) -> object:
        raise ZeroDivisionError

    with pytest.raises(ReportError) as caught:
        read_document(path, "history", refuse)
    assert str(caught.value) == f"history {path}: 0 bytes are too few"
    with pytest.raises(ZeroDivisionError):
        read_document(path, "history", break_down)


@pytest.mark.parametrize("value", [None, 3, "1.0", [], ["schema_version"], {}, {"version": "1.0"}])
def test_a_value_without_a_version_is_asked_what_it_is(value: object) -> None:
    with pytest.raises(ReportError) as caught:
        check_document("report", "1.0", value)
    assert str(caught.value) == ("expected an object with schema_version 1.x, found none; is this a report?")


@pytest.mark.parametrize(
    ("written", "found", "shown"),
    [
        ("1.0", "2.0", "'2.0'"),
        ("2.3", "3.0", "'3.0'"),  # the major version of today counts, whatever its minor one
        ("1.0", "1.0000", "'1.0000'"),
        ("2.0", "02.0", "'02.0'"),
        ("1.0", 1.0, "'1.0'"),
        ("1.0", None, "'None'"),
        ("1.0", "9" * 50, f"'{'9' * 40}'"),
        ("1.0", "1.0\n", r"'1.0\n'"),
    ],
)
def test_another_major_version_is_refused_whatever_else_is_wrong(
    written: str, found: object, shown: str
) -> None:
    with pytest.raises(ReportError) as caught:
        check_document("report", written, {"schema_version": found})
    assert str(caught.value) == (
        f"expected schema_version {written[0]}.x, found {shown}; "
        "read it with the version of gatekeeper that wrote it"
    )


@pytest.mark.parametrize(
    ("name", "led_on"),
    [("report", "older versions measured less; evaluate it again"), ("history", "read it with the version")],
)
def test_an_older_report_is_to_be_made_again(name: str, led_on: str) -> None:
    with pytest.raises(ReportError, match=rf"^expected schema_version 2\.x, found '1\.7'; {led_on}"):
        check_document(name, "2.0", {"schema_version": "1.7"})


def test_a_known_version_must_follow_the_schema_of_its_name() -> None:
    with pytest.raises(
        ReportError, match=r"^does not follow the schema: \$: '[a-z_]+' is a required property$"
    ):
        check_document("history", "1.0", {"schema_version": "1.0"})
    with pytest.raises(UsageError, match=r"^unknown schema 'rapport'; known schemas: "):
        check_document("rapport", "1.0", {"schema_version": "1.0"})
