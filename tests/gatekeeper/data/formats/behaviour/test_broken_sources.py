"""A broken source of any format ends in one line that says what was found and what to do."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.data.formats.corpus import read_corpus
from schemas.errors import DataError
from tests.gatekeeper.data.formats.corpora import TABLES, Rows, corpus

ROWS = corpus(["iris", "zinnia", "rose", "violet", "oak"])
FOLDERS = ("shards", "saved", "saved_splits")
MATRICES = ("pandas.csv", "c.parquet", "pandas.parquet", "c.feather", "saved", "saved_splits")
"""Formats whose vectors have one width however they are written there."""

FILES = [name for name in TABLES if name not in FOLDERS]


def refused(path: Path, keys: BankKeys | None = None) -> str:
    with pytest.raises(DataError) as caught:
        read_corpus(path, keys=keys or BankKeys())
    said = str(caught.value)
    assert "\n" not in said
    assert str(path) in said
    return said


def changed(name: str, folder: Path, change: Callable[[bytes], bytes]) -> Path:
    """The corpus in a format, its largest file changed."""
    path = TABLES[name](folder / name, ROWS, True)
    files = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
    largest = max(files, key=lambda each: each.stat().st_size)
    largest.write_bytes(change(largest.read_bytes()))
    return path


@pytest.mark.parametrize("name", TABLES)
def test_a_part_of_a_source_is_refused(tmp_path: Path, name: str) -> None:
    path = changed(name, tmp_path, lambda data: data[: len(data) * 2 // 3])
    assert any(word in refused(path) for word in ("cannot read", "expected", "must be a vector"))


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    path = changed(name, tmp_path, lambda data: b"")
    assert "expected" in refused(path)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("key", ["vectors", "articles", "chunks", "texts"])
def test_a_column_that_is_not_there_is_refused_with_those_that_are(
    tmp_path: Path, name: str, key: str
) -> None:
    path = TABLES[name](tmp_path / name, ROWS, True)
    said = refused(path, BankKeys(**{key: "nowhere"}))
    assert "'nowhere'" in said
    assert "'article', 'chunk', 'text', 'title', 'year', 'vector'" in said


@pytest.mark.parametrize("name", [name for name in TABLES if name not in MATRICES])
@pytest.mark.parametrize("wrong", ["width", "null"])
def test_vectors_of_two_widths_and_none_at_all_are_refused_by_row(
    tmp_path: Path, name: str, wrong: str
) -> None:
    class Wrong(Rows):
        def columns(self, *, vectors: bool) -> dict[str, object]:
            found = super().columns(vectors=vectors)
            if vectors:
                found["vector"][11] = [1.0] if wrong == "width" else None
            return found

    rows = Wrong(**{**vars(ROWS), "vectors": ROWS.vectors})
    said = refused(TABLES[name](tmp_path / name, rows, True))
    assert "vector must be a vector of 6 numbers; found " in said
    assert re.search(r"(row 11|line 12|line 24): vector", said)  # each text of the CSV takes two lines


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_ten_gigabytes_of_nothing_is_refused_at_once(tmp_path: Path, name: str) -> None:
    path = TABLES[name](tmp_path / name, ROWS, True)
    os.truncate(path, 10 * 2**30)
    refused(path)
