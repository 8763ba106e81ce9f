"""Files of a folder: the documents in the order people read their names, and a count of all else."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.data.documents.walking import article_of, list_documents, natural


def test_documents_are_listed_and_all_else_is_counted(tmp_path: Path) -> None:
    for name in ("b.txt", "ch10.txt", "ch9.txt", "in/a.TXT", "in/b.png", "in/deeper/c.txt", "Makefile"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.txt").touch()
    (tmp_path / "in" / ".hidden.txt").touch()
    (tmp_path / "in" / "loop").symlink_to(tmp_path)
    (tmp_path / "link.txt").symlink_to("b.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    found = list_documents(tmp_path, {".txt"}.__contains__)
    assert found.files == ("b.txt", "ch9.txt", "ch10.txt", "in/a.TXT", "in/deeper/c.txt")
    assert found.others == {".png": 1, "without an end": 1, ".txt": 1}
    assert (found.hidden, found.links, found.unreadable) == (2, 2, {})


def test_a_folder_may_be_a_link_that_somebody_names(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").touch()
    (tmp_path / "link").symlink_to("real")
    assert list_documents(tmp_path / "link", {".txt"}.__contains__).files == ("a.txt",)


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path) -> None:
    found = list_documents(tmp_path / "missing", {".txt"}.__contains__)
    assert found.unreadable == {".": "No such file or directory"}


@given(st.lists(st.text(st.sampled_from("ab01./ "), min_size=1, max_size=6)))
def test_any_paths_have_an_order(paths: list[str]) -> None:
    assert len({natural(path) for path in paths}) <= len(set(paths))
    sorted(paths, key=natural)  # text and numbers are never compared


def test_names_of_the_same_numbers_have_an_order_too(tmp_path: Path) -> None:
    for name in ("a01.txt", "a1.txt", "a001.txt"):
        (tmp_path / name).touch()
    assert list_documents(tmp_path, {".txt"}.__contains__).files == ("a001.txt", "a01.txt", "a1.txt")


@pytest.mark.parametrize(
    ("path", "article"),
    [
        ("a/b c.txt", "a/b c.txt"),
        ("é今.txt", "é今.txt"),
        ("a\nb\t\x1b.txt", r"a\nb\t\x1b.txt"),
        (os.fsdecode(b"\xff\xc3.txt"), r"\xff\xc3.txt"),
    ],
)
def test_an_article_is_called_by_its_path_as_text(path: str, article: str) -> None:
    assert article_of(path) == article
