"""Text files are read by the mark at their head, by what they declare, or as UTF-8; others are refused."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.data.documents.decoding import decode
from gatekeeper.data.documents.extracted import UnreadableError

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(TEXT, st.sampled_from(["utf-8-sig", "utf-16", "utf-32"]))
def test_a_mark_says_how(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("mark", "encoding"), [(codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF32_BE, "utf-32-be")]
)
def test_either_end_may_come_first(mark: bytes, encoding: str) -> None:
    assert decode(mark + "aé今".encode(encoding)) == "aé今"


@given(TEXT)
def test_without_a_mark_it_is_utf_8(text: str) -> None:
    data = text.encode()
    assert decode(data) == text.removeprefix("\ufeff")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("é".encode("latin-1"), "it is no UTF-8 (byte 0 is 0xe9); save it as UTF-8"),
        (b"ab\xff", "it is no UTF-8 (byte 2 is 0xff); save it as UTF-8"),
        (b"a\0b", "it holds the character NUL, so it is no text"),
        (codecs.BOM_UTF16_LE + b"a", "it begins as UTF-16, and is none"),
        (codecs.BOM_UTF8 + b"\xff", "it begins as UTF-8, and is none"),
    ],
)
def test_anything_else_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError) as refused:
        decode(data)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("head", "encoding", "text"),
    [
        ('<meta charset="windows-1251">', "cp1251", "Привет"),
        ("<META http-equiv=x content='text/html; charset=Shift_JIS'>", "shift_jis", "日本語"),
        ("<?xml version='1.0' encoding='ISO-8859-1'?>", "cp1252", "“é”"),  # as browsers read it
        ("<meta charset=latin1>", "utf-8", "a\u0410"),  # it lies: byte 0x90 is none there
        ("<meta charset=rot13>", "utf-8", "é"),
        ("<meta charset=nothing>", "utf-8", "é"),
    ],
)
def test_a_page_may_say_how(head: str, encoding: str, text: str) -> None:
    assert decode((head + text).encode(encoding), declared=True) == head + text


def test_a_page_that_is_none_of_both_is_refused() -> None:
    with pytest.raises(UnreadableError, match=r"^it is no UTF-8 nor the shift_jis that it declares \(byte"):
        decode(b"<meta charset=sjis>\xff\x81", declared=True)
