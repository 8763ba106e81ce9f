"""Text of PDF files, made by matplotlib and encrypted by pypdf."""

import contextlib
import functools

import pytest

from gatekeeper.data.documents.extracted import UnreadableError
from gatekeeper.data.documents.pdf import pdf_text
from tests.gatekeeper.data.documents.made import encrypted, pdf

BODIES = (
    ("Alpha begins here and con-", "tinues there. Naïve Größe.", "Its end."),
    ("Beta says more.", "Well-", "Known is kept."),
    ("Gamma follows.",),
    ("Delta ends.",),
)


@functools.cache
def report() -> bytes:
    return pdf([("A Report", *body, f"Page {place} of 4") for place, body in enumerate(BODIES, 1)])


def test_lines_come_page_by_page_without_what_heads_and_foots_them() -> None:
    assert pdf_text(report()).text.splitlines() == [
        "Alpha begins here and continues there. Naïve Größe.",
        "Its end.",
        "Beta says more.",
        "Well-",  # a capital follows, so the hyphen may be its own
        "Known is kept.",
        "Gamma follows.",
        "Delta ends.",
    ]


def test_what_stands_on_two_pages_alone_is_text() -> None:
    assert pdf_text(pdf([("Same", "one"), ("Same", "two")])).text.splitlines() == [
        "Same",
        "one",
        "Same",
        "two",
    ]


def test_a_password_for_the_author_alone_keeps_no_reader_out() -> None:
    assert pdf_text(encrypted(report(), "")) == pdf_text(report())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (lambda: encrypted(report(), "secret"), "it is encrypted; save it without a password"),
        (lambda: pdf([()]), "it holds no text, maybe pictures of it; recognise the text first (OCR)"),
        (lambda: report()[: len(report()) // 2], "it is damaged (Stream has ended unexpectedly)"),
        (lambda: report()[:-200], "it is damaged (Stream has ended unexpectedly)"),
        (lambda: b"", "it is damaged (Cannot read an empty file)"),
        (lambda: b"junk" * 100, "it is damaged (Stream has ended unexpectedly)"),
        (lambda: b"%PDF-1.7\n%%EOF\n", None),
    ],
)
def test_what_gives_no_text_is_told_why(data: functools.partial[bytes], reason: str | None) -> None:
    with pytest.raises(UnreadableError) as refused:
        pdf_text(data())
    assert str(refused.value).startswith("it is damaged (" if reason is None else reason)


@pytest.mark.parametrize("start", range(0, 4000, 250))
def test_a_file_with_changed_bytes_is_read_or_refused(
    start: int, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = bytearray(report())
    broken[start : start + 40] = b"\xff" * 40
    with contextlib.suppress(UnreadableError):
        pdf_text(bytes(broken))
    assert not caplog.records
    assert capsys.readouterr() == ("", "")
