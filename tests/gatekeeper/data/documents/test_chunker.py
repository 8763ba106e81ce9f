"""Chunks of a text: whole sentences where they fit, all of the text, nothing twice, each at its place."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.data.documents.chunker import Chunking, chunk_spans
from gatekeeper.data.documents.paragraphs import Span, paragraph_spans
from gatekeeper.data.documents.words import LONGEST, count_words
from schemas.errors import UsageError

PARTS = st.sampled_from(
    [
        "The cat sat. ", "Dr. No came! ", "why? ", "word ", "\n", "\n\n", "- item\n", " ", "\u3000", "x" * 90,
        "今天天气很好。", "我们去", "วันนี้อากาศดีมาก", "a, b; c: d ", "e.g. ", '"No." ', "3.11 ",
        "\x00", "\x1c", "\u2028", "é", "e\u0301", "👩\u200d🦰", "(", "https://a.b/c?d=e ", "\r\n",
    ]
)  # fmt: skip
TEXT = st.one_of(st.lists(PARTS, max_size=40).map("".join), st.text(max_size=80))


def chunks(text: str, words: int = 50, language: str = "en") -> list[str]:
    return [text[start:end] for start, end in chunk_spans(text, Chunking(words, language))]


@given(TEXT, st.integers(5, 60), st.sampled_from(["en", "de", "zh", "th", "xx"]))
def test_the_laws(text: str, words: int, language: str) -> None:
    spans = chunk_spans(text, Chunking(words, language))
    assert spans == chunk_spans(text, Chunking(words, language))
    place, between = 0, ""
    for start, end in spans:
        assert place <= start < end  # in order, without overlap
        chunk = text[start:end]
        assert chunk == chunk.strip()
        assert 1 <= count_words(chunk) <= words
        assert len(chunk) <= words * LONGEST
        between += text[place:start]
        place = end
    assert not (between + text[place:]).strip()  # nothing but white space is left out


@given(TEXT, st.integers(5, 60), st.randoms())
def test_what_lies_between_two_paragraphs_is_in_no_chunk(text: str, words: int, random: object) -> None:
    all_of_them = paragraph_spans(text)
    kept = all_of_them[::2]
    spans = chunk_spans(text, Chunking(words), kept)
    covered = {place for start, end in spans for place in range(start, end)}
    wanted = {p for start, end in kept for p in range(start, end) if not text[p].isspace()}
    dropped = {p for start, end in all_of_them[1::2] for p in range(start, end)}
    assert wanted <= covered
    assert not covered & dropped


def test_sentences_are_kept_together_and_packed_as_they_fit() -> None:
    text = "Dr. Who came at 3.30 p.m. Nobody knew him. He left. It rained, and it rained on and on."
    assert chunks(text, 9) == [
        "Dr. Who came at 3.30 p.m. Nobody knew him.",
        "He left.",
        "It rained, and it rained on and on.",
    ]


def test_a_chunk_goes_on_over_the_end_of_a_paragraph() -> None:
    assert chunks("Title\n\nIt begins. And goes on.\n\nThen it ends.", 7) == [
        "Title\n\nIt begins. And goes on.",
        "Then it ends.",
    ]


def test_abbreviations_are_those_of_the_language() -> None:
    text = "Der Hund bellt z. B. am 3. Mai laut. Dann schläft er."
    assert chunks(text, 9, "de") == ["Der Hund bellt z. B. am 3. Mai laut.", "Dann schläft er."]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a b c d\ne f g h, i j", ["a b c d", "e f g h,", "i j"]),  # at lines, then after commas
        ("a b c d e f g h", ["a b c d e", "f g h"]),  # between words
        ("x" * 410, ["x" * 160, "x" * 160, "x" * 90]),  # within one: five pieces of 32
        ("今天天气很好我们去公园吧" * 2, None),
    ],
)
def test_a_sentence_that_is_too_long_is_cut_at_its_best_place(text: str, found: list[str] | None) -> None:
    if found is None:
        assert [len(each) for each in chunks(text, 5)] == [10, 10, 4]
    else:
        assert chunks(text, 5) == found


def test_scripts_without_spaces_have_sensible_chunks() -> None:
    chinese = "今天天气很好。我们去公园吧！你觉得呢？" * 20
    japanese = "今日は天気がいいです。公園に行きましょう！どう思いますか？" * 20
    thai = "วันนี้อากาศดีมาก เราไปสวนสาธารณะกันเถอะ คุณคิดอย่างไร " * 20
    for text, end in ((chinese, "。！？"), (japanese, "。！？")):
        found = chunks(text)
        assert all(each[-1] in end for each in found)  # whole sentences
        assert all(60 <= len(each) <= 100 for each in found[:-1])
    assert all(20 <= count_words(each) <= 50 for each in chunks(thai)[:-1])
    assert " ".join(chunks(thai)).split() == thai.split()  # cut at its spaces alone


def test_ends_of_lines_in_a_wrapped_text_end_no_sentence() -> None:
    assert chunks("It begins\nhere and\nends. Then\nmore.", 6) == [
        "It begins\nhere and\nends.",
        "Then\nmore.",
    ]


def test_without_sentencex_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentencex", None)
    with pytest.raises(UsageError, match=r"^sentencex is not installed; pip install '.+\[documents\]'$"):
        chunk_spans("A text.", Chunking())


def test_no_paragraphs_no_chunks() -> None:
    none: list[Span] = []
    assert chunk_spans("text", Chunking(), none) == []
    assert chunks("") == chunks(" \n") == []
