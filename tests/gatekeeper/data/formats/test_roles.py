"""Which column means what: ours, the user's, or what is commonly called so."""

from collections.abc import Mapping
from datetime import date

import pytest

from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.data.formats.roles import Roles, find_roles, listed, plain, roles_note
from gatekeeper.data.formats.tables import Values
from schemas.errors import DataError
from tests.gatekeeper.data.formats.tables import MemoryTable

V = [[1.0, 2.0], [2.0, 1.0], [0.5, 0.5]]
TWICE, ONCE, TEXT = ["a", "a", "b"], ["x", "y", "z"], ["t", "u", "v"]


@pytest.mark.parametrize(
    ("columns", "found", "note"),
    [
        ({"article": ONCE, "chunk": [0, 0, 0], "text": TEXT}, ("article", "chunk", "text", None), ""),
        ({"article_indices": [1, 1, 2], "vectors": V}, ("article_indices", None, None, "vectors"), ""),
        (
            {"id": ONCE, "doc_id": TWICE, "content": TEXT},
            ("doc_id", None, "content", None),
            "t: read articles from 'doc_id', texts from 'content'",
        ),
        (
            {"id": ONCE, "url": TWICE, "seq_idx": [0, 1, 0], "text": TEXT},
            ("url", "seq_idx", "text", None),
            "t: read articles from 'url', their order from 'seq_idx'",
        ),
        ({"id": ONCE, "url": ONCE, "text": TEXT}, ("id", None, "text", None), "t: read articles from 'id'"),
        ({"id": ONCE, "article": ONCE, "text": TEXT}, ("article", None, "text", None), ""),
        (
            {"title": TWICE, "embedding": V, "text": TEXT},
            ("title", None, "text", "embedding"),
            "t: read articles from 'title', vectors from 'embedding'",
        ),
        (
            {"article": ONCE, "vector": ["[1, 2]"] * 3},
            ("article", None, None, "vector"),
            "t: read vectors from 'vector'",
        ),
        ({"article": ONCE, "vector": ["w", "x", "y"], "text": TEXT}, ("article", None, "text", None), ""),
        ({"text": TEXT}, (None, None, "text", None), ""),
        ({"words": TEXT}, (None, None, None, None), ""),
    ],
)  # fmt: skip
def test_common_names_are_found_and_told(
    columns: Mapping[str, Values], found: tuple[str | None, ...], note: str
) -> None:
    table = MemoryTable(columns)
    roles = find_roles(table, BankKeys())
    assert (roles.article, roles.chunk, roles.text, roles.vectors) == found
    assert roles_note(table, roles, BankKeys()) == ((note,) if note else ())


def test_what_a_user_names_is_taken_without_a_word() -> None:
    table = MemoryTable({"a": TWICE, "n": [0, 1, 0], "w": TEXT, "e": V, "text": TEXT, "chunk": [5, 6, 7]})
    keys = BankKeys(vectors="e", articles="a", chunks="n", texts="w")
    roles = find_roles(table, keys)
    assert roles == Roles("a", "n", "w", "e", None, ("text", "chunk"))
    assert roles.wanted == ("a", "n", "w", "e", "text", "chunk")
    assert roles_note(table, roles, keys) == ()


def test_none_stands_for_no_column() -> None:
    table = MemoryTable({"article": TWICE, "chunk": [0, 1, 0], "text": TEXT, "vectors": V})
    roles = find_roles(table, BankKeys(vectors="none", chunks="none"))
    assert (roles.vectors, roles.chunk, roles.text) == (None, None, "text")


@pytest.mark.parametrize("name", ["vectors", "articles", "chunks", "texts"])
def test_a_named_column_must_be_there(name: str) -> None:
    flag = {
        "vectors": "--vectors-key",
        "articles": "--article-key",
        "chunks": "--chunk-key",
        "texts": "--text-key",
    }
    with pytest.raises(DataError) as refusal:
        find_roles(MemoryTable({"id": ONCE, "text": TEXT}), BankKeys(**{name: "x"}))
    assert str(refusal.value) == (
        f"t: there is no column 'x', which {flag[name]} names; found the columns 'id', 'text'"
    )


def test_metadata_is_what_is_short_and_plain() -> None:
    table = MemoryTable(
        {
            "article": TWICE,
            "text": TEXT,
            "year": [1999, None, 2001],
            "day": [date(2020, 1, 2)] * 3,
            "tags": [["a"]] * 3,
            "summary": ["s" * 201] * 3,
            "nothing": [None] * 3,
            "n" * 201: TEXT,
        }
    )
    assert find_roles(table, BankKeys()).others == ("year", "day")
    many = MemoryTable({"article": TWICE, "text": TEXT, **{f"c{each}": TEXT for each in range(40)}})
    assert len(find_roles(many, BankKeys()).others) == 32


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (False, "false"),
        (7, "7"),
        (0.1, "0.1"),
        (date(2020, 1, 2), "2020-01-02"),
        ({}, None),
        ("s" * 201, None),
    ],
)
def test_metadata_becomes_text(value: object, text: str | None) -> None:
    assert plain(value) == text


def test_no_more_names_are_listed_than_one_reads() -> None:
    assert listed([]) == "none"
    assert listed([f"c{each}" for each in range(12)]).endswith("'c9' and 2 more")
