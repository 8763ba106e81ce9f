"""Text that fits a line of a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.render.fitting import WIDTH, columns, fit, pad, paragraph


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("short", 5, "short"),
        ("transformer_of_tuesday.pt", 16, "transfo...day.pt"),
        ("abcdef", 3, "..."),
        ("abcdef", 4, "a..."),
        ("模型模型模型", 8, "模...型"),
        ("e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"),
    ],
)
def test_a_name_keeps_its_beginning_and_its_end(text: str, most: int, shown: str) -> None:
    assert fit(text, most) == shown


@given(st.text(st.characters(codec="utf-8")), st.integers(0, 90))
def test_nothing_is_wider_than_asked(text: str, most: int) -> None:
    assert columns(fit(text, most)) <= most
    assert columns(pad(text, most)) == columns(pad(text, most, right=True)) == most


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])), st.integers(1, 4))
def test_a_paragraph_keeps_to_its_lines_and_columns(text: str, most: int) -> None:
    lines = paragraph("Why", text, most=most)
    assert 1 <= len(lines) <= most
    assert all(columns(line) <= WIDTH for line in lines)
    assert lines[0].startswith("Why     ")


def test_a_paragraph_breaks_between_words_and_says_where_it_was_cut() -> None:
    text = " ".join(["word"] * 40)
    assert paragraph("Why", text, most=3) == [
        "Why     " + " ".join(["word"] * 14),
        "        " + " ".join(["word"] * 14),
        "        " + " ".join(["word"] * 12),
    ]
    assert paragraph("Why", text, most=2)[1] == "        " + " ".join(["word"] * 14) + "..."


def test_wide_characters_take_two_columns_and_marks_none() -> None:
    assert [columns(each) for each in ("a", "é", "e\u0301", "模", "ｗ", "\u200b")] == [1, 1, 1, 2, 2, 0]
    assert unicodedata.east_asian_width("模") == "W"
