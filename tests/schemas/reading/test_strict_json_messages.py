"""What is said of text that is no strict JSON, and of values that have none, word for word."""

import json
import math

import pytest

from schemas.errors import ReportError
from schemas.reading import strict_json


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"b": 1, "a": 1, "c": 2, "a": 3}', "key 'a' appears twice in one object"),
        ('{"b": 1, "a": 1, "b": 2, "a": 3}', "key 'b' appears twice in one object"),
        ("[-Infinity]", "-Infinity is not JSON; an undefined number is written as null"),
        ("1e999", "number 1e999 is too large for a double"),
        (f"-{'9' * 50}e999", f"number -{'9' * 39} is too large for a double"),
        ("1" * 50, f"integer {'1' * 40} has more than 20 digits"),
        (f"-{'1' * 21}", f"integer -{'1' * 21} has more than 20 digits"),
        ('["\\uDBFF"]', "a string holds the lone surrogate U+DBFF"),
        ('{"\\udc00": 0}', "a string holds the lone surrogate U+DC00"),
        (b'"\x80"', "expected UTF-8, found byte 0x80 at 1"),
        (b'"\xc3\x28"', "expected UTF-8, found byte 0xc3 at 1"),
        ("[" * 33 + "0" + "]" * 33, "objects and lists are nested more than 32 deep"),
        ("[" * 100_000, "objects and lists are nested more than 32 deep"),
        ("nul", "not JSON: Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_a_refusal_names_what_was_found(text: str | bytes, message: str) -> None:
    with pytest.raises(ReportError) as caught:
        strict_json.loads(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("number", [10**20 - 1, -(10**20 - 1), 2**64, 0])
def test_twenty_digits_are_not_too_many(number: int) -> None:
    assert strict_json.loads(str(number)) == number
    with pytest.raises(ReportError, match="has more than 20 digits"):
        strict_json.loads(str(number * 10 + (10**20 if number >= 0 else -(10**20))))


def test_the_limits_of_a_document() -> None:
    assert strict_json.MAX_BYTES == 16 * 1024 * 1024
    assert strict_json.MAX_DEPTH == 32
    assert strict_json.MAX_VALUES == 500_000


def test_the_size_limit_counts_the_characters_of_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_json, "MAX_BYTES", 4)
    assert strict_json.loads('"ab"') == "ab"
    with pytest.raises(ReportError) as caught:
        strict_json.loads('"abc"')
    assert str(caught.value) == "expected at most 4 bytes of JSON, found 5"


@pytest.mark.parametrize("value", [math.nan, [math.inf], {"a": {1, 2}}, {(1, 2): 3}])
def test_what_cannot_be_written_is_refused_with_the_reason(value: object) -> None:
    with pytest.raises((TypeError, ValueError)) as reason:
        json.dumps(value, allow_nan=False, indent=2)
    with pytest.raises(ReportError) as caught:
        strict_json.dumps(value)
    assert str(caught.value) == f"cannot be written as JSON: {reason.value}"


def test_an_endless_value_is_not_written() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(ReportError, match=r"^cannot be written as JSON: Circular reference detected$"):
        strict_json.dumps(endless)


@pytest.mark.parametrize("value", ["\ud800", ["a", "b\ud800"], {"\ud800": 0}])
def test_a_lone_surrogate_is_not_written(value: object) -> None:
    with pytest.raises(ReportError) as caught:
        strict_json.dumps(value)
    assert str(caught.value) == "a string holds the lone surrogate U+D800"


def test_text_is_written_as_it_is_and_not_escaped() -> None:
    assert strict_json.dumps(["é☹\U0001f600"]) == '[\n  "é☹\U0001f600"\n]\n'
