"""From rows to a corpus: order, documents, vectors with texts, and what cannot be."""

from collections.abc import Mapping

import numpy as np
import pytest

from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.data.formats.bank import BankFile
from gatekeeper.data.formats.gathering import label_vectors, read_table, table_holds_texts
from gatekeeper.data.formats.tables import Values
from gatekeeper.data.formats.texts import Texts
from gates.bank import build_bank
from schemas.errors import DataError
from tests.gatekeeper.data.formats.tables import MemoryTable

V = [[1.0, 2.0], [2.0, 1.0], [0.5, 0.5]]
ROWS = np.array(V, dtype=np.float32)


def texts_of(columns: Mapping[str, Values], keys: BankKeys | None = None) -> Texts:
    found = read_table(MemoryTable(columns), keys or BankKeys())
    assert isinstance(found, Texts)
    return found


@pytest.mark.parametrize("size", [1, 2, 100])
def test_rows_count_in_file_order_where_nothing_says_it(size: int) -> None:
    columns: dict[str, Values] = {"article": [7, 7, 3, 3, 3], "text": list("abcde"), "lang": ["en"] * 5}
    found = read_table(MemoryTable(columns, size=size), BankKeys())
    assert isinstance(found, Texts)
    assert (found.chunks.tolist(), found.whole) == ([0, 1, 0, 1, 2], False)
    assert found.notes == ("t: no column says the order of chunks; rows count in file order",)
    assert found.columns == {"lang": ("en", "en")}
    assert texts_of(columns, BankKeys(chunks="none")).notes == ()


def test_rows_that_lie_apart_have_no_order() -> None:
    columns: dict[str, Values] = {"article": [7, 3, 7], "text": list("abc"), "n": [0, 0, 1]}
    with pytest.raises(DataError) as refusal:
        texts_of(columns)
    assert str(refusal.value) == (
        "t: there is no column of chunk numbers and the rows of article 7 do not lie together, so the order "
        "of its chunks is unknown; --chunk-key says which column orders them"
    )
    assert texts_of(columns, BankKeys(chunks="n")).chunks.tolist() == [0, 0, 1]


@pytest.mark.parametrize("ids", [{"id": ["x", "y", "z"]}, {}])
def test_a_text_without_chunk_numbers_whose_id_never_comes_back_is_a_document(
    ids: Mapping[str, Values],
) -> None:
    found = texts_of({**ids, "text": list("abc")})
    assert (found.whole, found.chunks.tolist(), found.articles.numbers.tolist()) == (True, [0] * 3, [0, 1, 2])
    assert found.notes[0] == "t: no chunk numbers, and no id comes back: every row is a document"


def test_vectors_become_a_bank_and_keep_their_texts() -> None:
    columns: dict[str, Values] = {
        "article": ["b", "b", "a"],
        "chunk": [1, 0, 0],
        "text": list("xyz"),
        "vector": V,
    }
    table = MemoryTable({**columns, "title": ["B", None, "A"], "year": [2, 2, 1]})
    found = read_table(table, BankKeys())
    assert isinstance(found, BankFile)
    expected = build_bank(ROWS, ["b", "b", "a"], np.array([1, 0, 0]), source="t")
    assert found.bank.sha256 == expected.sha256
    assert (list(found.bank.texts or ()), dict(found.bank.titles)) == (["z", "y", "x"], {0: "A", 1: "B"})
    assert found.columns == {"year": ("1", "2")}
    assert (table_holds_texts(table, BankKeys()), table_holds_texts(table, BankKeys(vectors="none"))) == (
        False,
        True,
    )
    assert isinstance(read_table(table, BankKeys(vectors="none")), Texts)


def test_an_array_gets_its_articles_from_a_table() -> None:
    table = MemoryTable({"article": [4, 4, 2], "text": list("abc"), "vector": V})
    found = label_vectors(ROWS, table, BankKeys(vectors="e"), source="v.npy")
    assert found.bank.sha256 == build_bank(ROWS, [4, 4, 2], np.array([0, 1, 0]), source="t").sha256
    assert (found.bank.source, list(found.bank.texts or ())) == ("v.npy", ["c", "a", "b"])
    for rows in (2, 4):
        with pytest.raises(
            DataError, match=r"v\.npy holds \d vectors, t names .*3?; there must be a row for each"
        ):
            label_vectors(np.ones((rows, 2)), table, BankKeys(), source="v.npy")
    with pytest.raises(
        DataError, match=r"t: no column names the article of a row; found the columns 'n'; --art"
    ):
        label_vectors(np.ones((1, 2)), MemoryTable({"n": [1]}), BankKeys(), source="v.npy")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "t holds no texts; expected a row for each chunk, with article, chunk and text"),
        ({"article": [], "text": []}, "t holds no texts; expected a row for each chunk"),
        (
            {"article": [1], "words": ["a"]},
            "found the columns 'article', 'words'; --text-key or --vectors-key says",
        ),
        ({"article": [1, 1], "chunk": [0, 1], "text": ["", None]}, "t holds no texts"),
        (
            {"chunk": [1], "text": ["a"]},
            "t: no column names the article of a row; found the columns 'chunk', 'text'",
        ),
        ({"vectors": V}, "t: no column names the article of a row"),
        (
            {"id": [1, 2, 3], "vectors": V},
            r"t: every vector is of an article of its own \('id' never comes back\)",
        ),
        (
            {"article": [1], "chunk": [0.0], "text": ["a"]},
            "t row 0: chunk, the place in the article, must be a whole",
        ),
        ({"article": [1], "chunk": ["0"], "text": ["a"]}, "found '0'"),
        ({"article": [1], "chunk": [True], "text": ["a"]}, "found 'True'"),
        ({"article": [1, 1], "text": ["a", 5]}, "t row 1: text must be text; found int '5'"),
    ],
)
def test_what_is_no_corpus_is_refused(columns: Mapping[str, Values], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_table(MemoryTable(columns), BankKeys())


def test_numbers_that_are_text_count_where_all_is_text() -> None:
    columns: dict[str, Values] = {"article": ["1", "1"], "chunk": ["1", " 0 "], "text": ["b", "a"]}
    found = read_table(MemoryTable(columns, typed=False), BankKeys())
    assert isinstance(found, Texts)
    assert (found.chunks.tolist(), found.articles.numbers.tolist()) == ([1, 0], [1, 1])
