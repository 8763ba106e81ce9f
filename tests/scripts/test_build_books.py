"""The bundled books are made by their script."""

from pathlib import Path

import numpy as np
import pytest

from schemas.errors import DataError
from scripts.build_books import NOVELS, assign_splits, build, long_chapters
from scripts.corpus import read_corpus
from tests.scripts.corpora import large_corpus, write_corpus

COMMITTED = Path(__file__).resolve().parents[2] / "gatekeeper" / "data" / "formats" / "books.npz"
FIVE = tuple(NOVELS)[:5]
COUNTS = (40, 30, 27, 20, 14)


def numbered(counts: tuple[int, ...], books: tuple[str, ...]) -> dict[str, list[int]]:
    ends = np.cumsum(counts).tolist()
    return {book: list(range(end - n, end)) for book, end, n in zip(books, ends, counts, strict=True)}


def test_the_longest_book_comes_first_and_short_chapters_are_left_out(tmp_path: Path) -> None:
    lengths, books = [30, 29, 80, 40, 30, 90], ["a", "b", "b", "c", "c", "a"]
    corpus = read_corpus(*write_corpus(tmp_path, lengths, books))
    found = long_chapters(corpus)
    assert list(found.items()) == [("a", [0, 5]), ("c", [3, 4]), ("b", [2])]  # a has 120 chunks, c 70


def test_ood_is_the_end_of_each_book_and_val_as_many_of_the_rest() -> None:
    chapters = numbered((*COUNTS, 11, 12, 13, 10), (*FIVE, *tuple(NOVELS)[6:]))
    split_of = assign_splits(chapters)
    for book in FIVE:
        own, late = [split_of[each] for each in chapters[book]], len(chapters[book]) * 15 // 100
        assert own[len(own) - late :] == ["ood"] * late
        assert sorted(own[: len(own) - late]) == ["train"] * (len(own) - 2 * late) + ["val"] * late
    assert split_of == assign_splits(chapters)


def test_strangers_are_ten_chapters_each_of_books_by_authors_of_no_other() -> None:
    chapters = numbered((*COUNTS, 13, 12, 11, 11, 10), (*FIVE, *tuple(NOVELS)[5:]))
    split_of = assign_splits(chapters)
    counts = {book: sum(split_of.get(each) == "strangers" for each in chapters[book]) for book in chapters}
    # Smollett wrote the sixth book, and the third.
    assert counts == dict.fromkeys(tuple(NOVELS)[:6], 0) | dict.fromkeys(tuple(NOVELS)[6:], 10)


def test_an_unknown_book_is_refused() -> None:
    with pytest.raises(DataError, match=r"unknown book 'x\.txt'; its title and author belong into NOVELS"):
        assign_splits(numbered((*COUNTS, 9), (*FIVE, "x.txt")))


def test_the_committed_file_is_what_is_built(tmp_path: Path) -> None:
    (tmp_path / "out.npz").write_bytes(build(*large_corpus("books")))
    with np.load(tmp_path / "out.npz") as built, np.load(COMMITTED) as committed:
        assert built.files == committed.files
        assert all(np.array_equal(built[name], committed[name]) for name in built.files)
    assert COMMITTED.stat().st_size <= 16_000_000
