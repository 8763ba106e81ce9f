"""What repeats over documents is found, and nothing else ever is."""

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.data.documents.boilerplate import find_boilerplate
from gatekeeper.data.documents.paragraphs import paragraph_spans

PARAGRAPH = st.sampled_from(["Menu", "Home  page", "Home page", "A.", "B.", "C.", "D.", "Unique"])
DOCUMENTS = st.lists(st.lists(PARAGRAPH, max_size=5).map("\n\n".join), max_size=80)


def plain_paragraphs(text: str) -> set[str]:
    return {" ".join(text[start:end].split()) for start, end in paragraph_spans(text)}


@settings(max_examples=40)
@given(DOCUMENTS)
def test_it_is_what_stands_in_three_documents_and_in_a_twentieth_of_them(texts: list[str]) -> None:
    found = find_boilerplate(texts)
    counts = Counter(each for text in set(texts) for each in plain_paragraphs(text))
    needed = max(3, math.ceil(len(set(texts)) / 20))
    assert found.documents == needed
    for paragraph, count in counts.items():
        assert (paragraph in found) == (count >= needed)
    assert len(found.keys) == sum(count >= needed for count in counts.values())


@given(st.lists(st.text(max_size=40), max_size=30))
def test_what_stands_in_one_document_alone_is_never_boilerplate(texts: list[str]) -> None:
    found = find_boilerplate(texts)
    counts = Counter(each for text in texts for each in plain_paragraphs(text))
    assert not any(paragraph in found for paragraph, count in counts.items() if count == 1)


@pytest.mark.parametrize(
    ("documents", "repeated", "is_one"), [(20, 2, False), (20, 3, True), (100, 4, False), (100, 5, True)]
)
def test_more_documents_ask_for_more(documents: int, repeated: int, is_one: bool) -> None:
    feet = ["Footer" if place < repeated else f"None {place}" for place in range(documents)]
    texts = [f"Text {place}.\n\n{foot}" for place, foot in enumerate(feet)]
    assert ("Footer" in find_boilerplate(texts)) == is_one


def test_a_line_that_repeats_in_one_document_is_its_own() -> None:
    assert "Chorus" not in find_boilerplate(["Chorus\n\n" * 50 + "a", "b", "c"])


def test_copies_of_a_document_are_no_boilerplate() -> None:
    assert not find_boilerplate(["The same.\n\nText."] * 50).keys
