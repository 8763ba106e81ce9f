"""Paragraphs end at blank lines, or at every line where nobody wrapped the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.data.documents.paragraphs import paragraph_spans


def paragraphs(text: str) -> list[str]:
    return [text[start:end] for start, end in paragraph_spans(text)]


LONG = "word " * 40


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" \n\t\n", []),
        ("one", ["one"]),
        ("  one\ntwo \n \t\nthree\n", ["one\ntwo", "three"]),
        ("one\r\ntwo\r\n\r\nthree", ["one\r\ntwo", "three"]),
        ("one\n\n\n\ntwo", ["one", "two"]),
        (f"Title\n{LONG}\n{LONG}", ["Title", LONG.strip(), LONG.strip()]),  # every line is one
        ("Title\nof two lines\n\n" + "short lines\n" * 100 + LONG, None),  # a long line among many short ones
    ],
)
def test_paragraphs_are_found(text: str, found: list[str] | None) -> None:
    assert paragraphs(text) == (found or paragraphs(text))
    if found is None:
        assert len(paragraphs(text)) == 2


@given(st.text(st.sampled_from("a \n\r\t\u3000.今\x1c\x85\u2028"), max_size=60))
def test_they_are_in_order_and_hold_all_but_white_space(text: str) -> None:
    spans = paragraph_spans(text)
    assert spans == sorted(spans)
    rest, place = "", 0
    for start, end in spans:
        assert place <= start < end
        assert text[start:end] == text[start:end].strip()
        rest += text[place:start]
        place = end
    assert not (rest + text[place:]).strip()
