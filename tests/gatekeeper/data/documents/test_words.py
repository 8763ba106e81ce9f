"""Words are counted by spaces where there are some, and by characters where there are none."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.data.documents.words import LONGEST, count_words, cut_run

TEXT = st.text(
    st.sampled_from("ab ,.\n\t\u3000今天あーไทยากำ่ລາວမြန်ខ្មែរ\u0301e\u0301𠀀👩\u200d🦰é"), max_size=60
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        (" \n\u3000", 0),
        ("Nobody  knows.", 2),
        ("a" * 40, 1),
        ("a" * 41, 2),
        ("今天天气很好", 3),
        ("今天天气很", 3),  # a half counts as one
        ("公園に行きましょう", 5),
        ("我用Python编程", 3),  # 4 / 2 + 6 / 40
        ("오늘은 날씨가 좋다", 3),  # Korean has spaces
        ("วันนี้อากาศดีมาก", 4),  # 13 letters and 3 signs
    ],
)
def test_words_are_counted(text: str, words: int) -> None:
    assert count_words(text) == words


def naive(run: str) -> int:
    weights = []
    for each in run:
        code = ord(each)
        if 0x3041 <= code <= 0x30FF or 0x4E00 <= code <= 0x9FFF or (code >= 0x20000 and code < 0x40000):
            weights.append(0.5)
        elif any(low <= code <= high for low, high in ((0xE00, 0xEFF), (0x1000, 0x109F), (0x1780, 0x17FF))):
            sign = each in "ากำ่ັ້ິីែ္" and each not in "ากำ"
            weights.append(1 / LONGEST if sign or each in "ี่ึ" else 0.25)
        else:
            weights.append(1 / LONGEST)
    return math.ceil(round(sum(weights), 6))


@given(st.text(st.sampled_from("ab今あไทย𠀀ー"), min_size=1, max_size=200))
def test_a_run_weighs_what_its_characters_weigh(run: str) -> None:
    assert count_words(run) == naive(run)


@given(TEXT, st.integers(0, 60))
def test_parts_never_have_fewer_words_than_the_whole(text: str, cut: int) -> None:
    assert count_words(text) <= count_words(text[:cut]) + count_words(text[cut:])


@given(TEXT)
def test_pieces_cover_all_but_white_space_and_are_short(text: str) -> None:
    spans = list(cut_run(text, 0, len(text)))
    covered = set[int]()
    for start, end in spans:
        assert start < end
        assert not covered.intersection(range(start, end))
        covered.update(range(start, end))
        assert 1 <= count_words(text[start:end]) <= 2
        assert end - start <= LONGEST
    assert {place for place, each in enumerate(text) if not each.isspace()} == covered
    assert spans == sorted(spans)


def test_a_sign_stays_with_its_letter() -> None:
    accented = "e\u0301" * 100
    assert all(accented[start] == "e" for start, _ in cut_run(accented, 0, len(accented)))
    thai = "กี่" * 50
    assert all(thai[start] == "ก" for start, _ in cut_run(thai, 0, len(thai)))
