"""Which files are documents, and what keeps one from being read."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.data.documents import kinds
from gatekeeper.data.documents.extracted import Extracted, UnreadableError
from gatekeeper.data.documents.kinds import KINDS, read_document
from tests.gatekeeper.data.documents.made import pdf, word


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("a.txt", b"Plain\ntext.\n", Extracted("Plain\ntext.\n")),
        ("a.TXT", "é".encode("utf-16"), Extracted("é")),
        ("a.md", b"# T\n\n*x*", Extracted("T\n\nx", "T")),
        ("a.markdown", b"x", Extracted("x")),
        ("a.rst", b"*x*", Extracted("x")),
        ("a.html", b"<title>T</title><p>x", Extracted("x", "T")),
        ("a.htm", b"<meta charset=latin1>\xe9", Extracted("é")),
        ("a.pdf", pdf([["x y"]]), Extracted("x y")),
        ("a.docx", word(["x"]), Extracted("x")),
    ],
)
def test_every_kind_is_read(tmp_path: Path, name: str, data: bytes, found: Extracted) -> None:
    (tmp_path / name).write_bytes(data)
    assert read_document(tmp_path / name) == found


def test_what_no_file_of_texts_can_hold_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe" + "a\0b".encode("utf-16-le"))
    assert read_document(tmp_path / "a.txt").text == "a\ufffdb"


def test_what_cannot_be_read_is_told_why(tmp_path: Path) -> None:
    for name, data in (
        ("empty.txt", b""),
        ("empty.pdf", b""),
        ("blank.md", b" \n"),
        ("none.html", b"<nav>x</nav>"),
        ("a.png", b"x"),
    ):
        (tmp_path / name).write_bytes(data)
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "link.txt").symlink_to("empty.txt")
    for name, reason in (
        ("empty.txt", "it is empty"),
        ("empty.pdf", "it is empty"),
        ("blank.md", "it is empty"),
        ("none.html", "it holds no text"),
        ("a.png", f"its name ends in none of {', '.join(KINDS)}"),
        ("missing.txt", "No such file or directory"),
        ("pipe.txt", "it is no regular file"),
        ("link.txt", "Too many levels of symbolic links"),
    ):
        with pytest.raises(UnreadableError) as refused:
            read_document(tmp_path / name)
        assert str(refused.value) == reason


def test_one_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kinds.KINDS, ".txt", replace(KINDS[".txt"], most=1))
    (tmp_path / "most.txt").write_bytes(b"x" * 2**20)
    assert len(read_document(tmp_path / "most.txt").text) == 2**20
    with (tmp_path / "sparse.txt").open("wb") as file:
        file.truncate(10 * 2**30)
    with pytest.raises(UnreadableError, match=r"^it is larger than 1 MiB; a document is one article"):
        read_document(tmp_path / "sparse.txt")
