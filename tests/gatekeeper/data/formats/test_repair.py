"""Texts that no file can hold are replaced, missing ones are empty, and both are counted."""

import pytest

from gatekeeper.data.formats.repair import Repairs, is_missing


@pytest.mark.parametrize(
    ("given", "kept", "counted"),
    [
        ("plain", "plain", {}),
        (None, "", {"empty": 1}),
        ("", "", {"empty": 1}),
        (" \n", " \n", {"empty": 1}),
        ("a\ud800b", "a\ufffdb", {"surrogates": 1}),
        ("\ud83d\ude00", "\U0001f600", {"surrogates": 1}),  # two halves that belong together
        ("a\0b\0", "a\ufffdb\ufffd", {"nuls": 1}),
        ("\ud800\0", "\ufffd\ufffd", {"surrogates": 1, "nuls": 1}),
    ],
)
def test_a_text_is_kept_as_a_file_can_hold_it(given: str | None, kept: str, counted: dict[str, int]) -> None:
    repairs = Repairs()
    assert repairs.text(given) == kept
    kept.encode("utf-8")
    assert repairs == Repairs(**counted)


def test_what_was_done_is_told_a_sentence_a_kind() -> None:
    repairs = Repairs()
    for text in (None, "", "\ud800", "\0", "fine"):
        repairs.text(text)
    assert repairs.told("bank.npz") == (
        "bank.npz: 2 text(s) are missing or empty; they are kept as empty texts",
        "bank.npz: 1 text(s) held halves of characters (lone surrogates), replaced by \ufffd",
        "bank.npz: 1 text(s) held the character NUL, replaced by \ufffd",
    )
    assert Repairs().told("bank.npz") == ()


@pytest.mark.parametrize(("value", "missing"), [(None, True), (float("nan"), True), ("", False), (0, False)])
def test_what_stands_for_none(value: object, missing: bool) -> None:
    assert is_missing(value) is missing
