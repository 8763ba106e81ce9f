"""Text of Word documents, made by python-docx."""

import io
import zipfile
from collections.abc import Callable

import docx
import pytest

from gatekeeper.data.documents import word as module
from gatekeeper.data.documents.extracted import Extracted, UnreadableError
from gatekeeper.data.documents.word import word_text
from tests.gatekeeper.data.documents.made import word


def test_paragraphs_and_rows_of_tables_come_in_their_order() -> None:
    data = word(["First  one.", "", [["a", "b"], ["c", "d"]], "Last."], title="A title")
    assert word_text(data) == Extracted("First one.\n\na b\n\nc d\n\nLast.", "A title")


def test_a_cell_over_several_columns_is_read_once() -> None:
    document, out = docx.Document(), io.BytesIO()
    table = document.add_table(rows=1, cols=3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
    table.cell(0, 2).text = "narrow"
    document.save(out)
    assert word_text(out.getvalue()) == Extracted("wide narrow")


def zipped(**parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, text in parts.items():
            file.writestr(name, text)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (lambda: b"", "it is damaged (BadZipFile)"),
        (lambda: word(["a"])[:5000], "it is damaged (BadZipFile)"),
        (lambda: zipped(a="b"), "it is damaged (KeyError)"),
        (
            lambda: b"\xd0\xcf\x11\xe0" + b"\0" * 600,
            "it is encrypted, or of the old format; save it as .docx without a password",
        ),
    ],
)
def test_what_gives_no_text_is_told_why(data: Callable[[], bytes], reason: str) -> None:
    with pytest.raises(UnreadableError) as refused:
        word_text(data())
    assert str(refused.value) == reason


def test_what_inflates_without_end_is_refused_before_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 10 * 2**10)
    with pytest.raises(UnreadableError, match=r"^it inflates to more than 0 MiB$"):
        word_text(word(["word " * 10_000]))
