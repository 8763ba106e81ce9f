"""Whole documents to chunks, each of which knows its place, without what repeats over the documents."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.data.documents.chunker import Chunking
from gatekeeper.data.documents.cutting import Cutting, cut_texts
from gatekeeper.data.formats.texts import Texts
from gates.article_ids import number_articles
from schemas.errors import DataError


def whole(texts: list[str], ids: list[object] | None = None) -> Texts:
    names = [f"d{place:03}" for place in range(len(texts))] if ids is None else ids
    articles = number_articles(names, source="docs")
    order = np.argsort(articles.numbers, kind="stable").tolist()
    return Texts(
        articles,
        np.zeros(len(texts), dtype=np.int64),
        texts,
        {articles.id_of(number): f"title {number}" for number in articles.numbers.tolist()},
        ("read",),
        {"file": tuple(str(names[place]) for place in order)},
        whole=True,
    )


def test_every_chunk_can_be_traced_to_its_document() -> None:
    texts = ["One two. Three four five. Six.", "Seven eight nine ten. Eleven."]
    cut = cut_texts(whole(texts, ["b", "a"]), Cutting(Chunking(words=5)), source="docs")
    assert cut.articles.ids == ("a", "b")
    assert cut.articles.numbers.tolist() == [1, 1, 0]
    assert cut.chunks.tolist() == [0, 1, 0]
    assert list(cut.texts) == ["One two. Three four five.", "Six.", "Seven eight nine ten. Eleven."]
    assert cut.places is not None
    assert [texts[row][start:end] for row, (start, end) in zip([0, 0, 1], cut.places, strict=True)] == list(
        cut.texts
    )
    assert (cut.whole, cut.notes, cut.columns) == (False, ("read",), {"file": ("a", "b")})


PAGES = [
    f"Menu\n\nPage {place} says this.\n\nAnd that {place}.\n\nA footer of the site." for place in range(4)
]


def test_what_repeats_is_left_out_and_told() -> None:
    # "Menu" and the footer are 4 and 21 characters of a page's 53.
    cut = cut_texts(whole(PAGES), Cutting(), source="docs")
    assert list(cut.texts) == [f"Page {place} says this.\n\nAnd that {place}." for place in range(4)]
    assert cut.notes[1:] == (
        "docs: 2 paragraph(s) repeat over at least 3 documents and are left out, such as 'Menu': 47.2% of "
        "the text of 4 document(s); --keep-boilerplate keeps them",
    )


def test_it_stays_where_that_is_asked() -> None:
    cut = cut_texts(whole(PAGES), Cutting(keep_boilerplate=True), source="docs")
    assert (list(cut.texts), cut.notes) == (PAGES, ("read",))


@pytest.mark.parametrize(
    "ids", [["a", "b", "c", "d", "e"], [7, 3, 9, 1, 5], [2**63, 2**63 + 9, 2**63 + 4, 1, 0]]
)
def test_a_document_that_holds_nothing_else_is_no_article(ids: list[object]) -> None:
    texts = ["Menu\n\nOne.", "Menu\n\nTwo.", "Menu", "Menu\n\nFour.", "Five."]
    cut = cut_texts(whole(texts, ids), Cutting(), source="docs")
    left = [each for each in ids if each != ids[2]]
    assert [cut.articles.id_of(number) for number in cut.articles.numbers.tolist()] == left
    assert set(cut.titles) == set(left)
    assert cut.columns["file"] == tuple(
        str(each) for each in sorted(left, key=lambda each: (isinstance(each, str), each))
    )
    assert cut.notes[-1] == "docs: 1 document(s) hold nothing else and are left out"
    if cut.articles.ids is not None:
        assert len(cut.articles.ids) == len(np.unique(cut.articles.numbers)) == cut.articles.numbers.max() + 1


def test_documents_of_which_nothing_is_left_are_refused() -> None:
    texts = ["Menu\n\nFoot", "Foot\n\nMenu", "Menu\n\nFoot\n\nMenu"]
    with pytest.raises(DataError) as refused:
        cut_texts(whole(texts), Cutting(), source="docs")
    assert str(refused.value) == (
        "docs: nothing is left of its 3 documents without what repeats over at least 3 of them; "
        "--keep-boilerplate keeps that"
    )


@given(
    st.lists(
        st.lists(st.sampled_from(["Menu", "A b c.", "D\ne.", "Foot!"]), max_size=4), min_size=1, max_size=8
    )
)
def test_text_that_one_document_alone_holds_is_in_its_chunks(parts: list[list[str]]) -> None:
    texts = ["\n\n".join([*each, f"Only {place} has this."]) for place, each in enumerate(parts)]
    cut = cut_texts(whole(texts), Cutting(Chunking(words=6)), source="docs")
    for place in range(len(texts)):
        mine = [
            text for text, row in zip(cut.texts, cut.articles.numbers.tolist(), strict=True) if row == place
        ]
        assert f"Only {place} has this." in " ".join(" ".join(mine).split())
    assert cut.places is not None
    rows = zip(cut.texts, cut.articles.numbers.tolist(), cut.places.tolist(), strict=True)
    assert all(texts[row][start:end] == text for text, row, (start, end) in rows)
