"""Folders of documents: articles by path, in one corpus; what cannot be read is counted, not fatal."""

import os
from pathlib import Path

import pytest

from gatekeeper.data.documents.folder import read_folder
from schemas.errors import DataError
from tests.gatekeeper.data.documents.made import encrypted, pdf, word


def write(folder: Path, **files: bytes | str) -> None:
    for name, data in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)


def test_every_document_is_an_article_called_by_its_path(tmp_path: Path) -> None:
    write(
        tmp_path,
        ch10_md="# Ten\n\nText.",
        ch9_txt="Nine.",
        in__a_html="<p>Page.",
        in__b_pdf=pdf([["From a PDF."]]),
        in__c_docx=word(["From Word."], "A title"),
        in__d_rst="Some *rst*.",
        x_png="no",
        Makefile="no",
    )
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / ".hidden").touch()
    found = read_folder(tmp_path)
    assert [found.articles.id_of(number) for number in found.articles.numbers.tolist()] == [
        "ch9.txt",
        "ch10.md",
        "in/a.html",
        "in/b.pdf",
        "in/c.docx",
        "in/d.rst",
    ]
    assert list(found.texts) == ["Nine.", "Ten\n\nText.", "Page.", "From a PDF.", "From Word.", "Some rst."]
    assert found.columns == {"file": ("ch10.md", "ch9.txt", "in/a.html", "in/b.pdf", "in/c.docx", "in/d.rst")}
    assert found.titles == {"ch10.md": "Ten", "in/c.docx": "A title"}
    assert (found.whole, found.chunks.tolist()) == (True, [0] * 6)
    assert found.notes == (
        f"{tmp_path}: 6 document(s), 1 .txt, 1 .md, 1 .html, 1 .pdf, 1 .docx, 1 .rst",
        f"{tmp_path}: left out: 2 file(s) of other kinds (1 .png, 1 without an end), 1 hidden, "
        "1 symbolic link(s)",
    )


def test_what_cannot_be_read_is_left_out_and_told(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_txt="Fine.",
        b_txt="é".encode("latin-1"),
        c_pdf=encrypted(pdf([["x"]]), "secret"),
        d_md="",
        e_docx=b"PK\x03\x04",
        f_txt=b"a\0b",
    )
    found = read_folder(tmp_path)
    assert list(found.texts) == ["Fine."]
    assert found.notes[1:] == (
        f"{tmp_path}: 5 cannot be read and are left out: b.txt: it is no UTF-8 (byte 0 is 0xe9); save it as "
        "UTF-8; c.pdf: it is encrypted; save it without a password; d.md: it is empty; and 2 more",
    )


def test_names_that_are_no_text_are_written_as_text(tmp_path: Path) -> None:
    for name in (b"a\nb.txt", b"\xff.txt", b"\\xff.txt"):
        (tmp_path / os.fsdecode(name)).write_text(f"Text of {name!r}.")
    found = read_folder(tmp_path)
    assert set(found.articles.ids or ()) == {r"a\nb.txt", r"\xff.txt"}
    assert found.notes[-1].endswith(r"\xff.txt: it is called as '\\xff.txt' is; rename one")


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, "nothing"),
        ({"x_png": "x", "_hidden": "x"}, "1 file(s) of other kinds (1 .png), 1 hidden"),
        (
            {"a_csv": "", "b_csv": "", "c_js": "", "d_css": "", "e_h": ""},
            "5 file(s) of other kinds (2 .csv, 1 .css, 1 .h, ...)",
        ),
    ],
)
def test_a_folder_without_documents_is_refused(tmp_path: Path, files: dict[str, str], found: str) -> None:
    write(tmp_path, **files)
    with pytest.raises(DataError) as refused:
        read_folder(tmp_path)
    assert str(refused.value) == (
        f"{tmp_path} holds no documents (.txt, .text, .md, .markdown, .rst, .html, .htm, .xhtml, .pdf, "
        f".docx); found {found}"
    )


def test_a_folder_whose_documents_all_fail_is_refused(tmp_path: Path) -> None:
    write(tmp_path, a_txt="", b_txt=b"\xff")
    with pytest.raises(DataError) as refused:
        read_folder(tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}: no document in it can be read; a.txt: it is empty; b.txt: it is no UTF-8 (byte 0 is "
        "0xff); save it as UTF-8"
    )
