import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ReportError
from schemas.reading import strict_json

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcü\n", max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON_VALUES, st.sampled_from([0, 1, 8, 240]))
def test_what_is_written_reads_back_as_it_was(value: object, row: int) -> None:
    text = strict_json.dumps(value, row=row)
    assert strict_json.loads(text) == value
    assert strict_json.loads(text.encode()) == value
    assert json.loads(text) == value
    if row == 0:
        assert text == json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def test_a_byte_order_mark_in_front_is_passed_over() -> None:
    assert strict_json.loads(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_output_keeps_key_order_and_ends_in_one_newline() -> None:
    assert strict_json.dumps({"b": 1, "a": "é"}) == '{\n  "b": 1,\n  "a": "é"\n}\n'


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (0, '{\n  "a": {\n    "b": 1,\n    "c": "d: , e"\n  },\n  "f": []\n}\n'),
        (19, '{\n  "a": {\n    "b": 1,\n    "c": "d: , e"\n  },\n  "f": []\n}\n'),
        (20, '{\n  "a": {"b":1,"c":"d: , e"},\n  "f": []\n}\n'),
        (999, '{\n  "a": {"b":1,"c":"d: , e"},\n  "f": []\n}\n'),
    ],
)
def test_what_is_innermost_stands_on_a_line_that_is_short_enough(row: int, text: str) -> None:
    assert strict_json.dumps({"a": {"b": 1, "c": "d: , e"}, "f": []}, row=row) == text


@pytest.mark.parametrize("text", ["{", "a [", "]", "}\u2028 "])
def test_a_bracket_in_a_text_begins_nothing(text: str) -> None:
    written = strict_json.dumps([[1, 2], [text, 3]], row=99)
    assert written == f'[\n  [1,2],\n  ["{text}",3]\n]\n'


def test_a_line_break_that_only_unicode_knows_is_part_of_a_text() -> None:
    assert strict_json.dumps(["a\u2028 b", 1], row=99) == '["a\u2028 b",1]\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("NaN", "NaN is not JSON"),
        ('{"a": Infinity}', "Infinity is not JSON"),
        ("[-Infinity]", "-Infinity is not JSON"),
        ("1e999", "number 1e999 is too large"),
        ("[-1e999]", "number -1e999 is too large"),
        ("1" * 21, "has more than 20 digits"),
        ("9" * 100_000, "has more than 20 digits"),
        ('{"a": 1, "b": 2, "a": 1}', "key 'a' appears twice"),
        ('[{"x": {"y": 1, "y": 2}}]', "key 'y' appears twice"),
        ("[" * 34 + "]" * 34, "nested more than 32 deep"),
        ('{"a":' * 34 + "1" + "}" * 34, "nested more than 32 deep"),
        ("[" * 200_000, "nested more than 32 deep"),
        (r'"\ud800"', "lone surrogate U+D800"),
        (r'{"\uDFFF": 1}', "lone surrogate U+DFFF"),
        ("", "not JSON"),
        ("{", "not JSON"),
        ("{'a': 1}", "not JSON"),
        ("[1,]", "not JSON"),
        ("1 2", "not JSON"),
        ("\ufeff{}", "not JSON"),
        (b"\xff\xfe{}", "expected UTF-8, found byte 0xff at 0"),
        ("{}".encode("utf-16"), "expected UTF-8, found byte 0xff at 0; save the file as UTF-8"),
        (b"\xef\xbb\xbf\xef\xbb\xbf{}", "not JSON"),
    ],
)
def test_anything_but_strict_json_is_refused_in_one_line(text: str | bytes, message: str) -> None:
    with pytest.raises(ReportError) as caught:
        strict_json.loads(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_depth_limit_is_reached_but_not_crossed() -> None:
    depth = strict_json.MAX_DEPTH
    assert strict_json.loads("[" * depth + "1" + "]" * depth)
    with pytest.raises(ReportError, match="nested"):
        strict_json.loads("[" * (depth + 1) + "1" + "]" * (depth + 1))


def test_brackets_inside_strings_are_no_nesting() -> None:
    assert strict_json.loads(json.dumps("[{" * 1000)) == "[{" * 1000


def test_a_surrogate_pair_is_one_character() -> None:
    assert strict_json.loads(r'"\ud83d\ude00"') == "\U0001f600"


def test_too_large_input_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_json, "MAX_BYTES", 10)
    assert strict_json.loads(b'"12345678"') == "12345678"
    with pytest.raises(ReportError, match="at most 10 bytes of JSON, found 11"):
        strict_json.loads(b'"123456789"')


@pytest.mark.parametrize(
    "value", [float("nan"), [float("inf")], {"a": -float("inf")}, {"a": {1, 2}}, "\ud800"]
)
def test_what_json_cannot_express_is_not_written(value: object) -> None:
    with pytest.raises(ReportError):
        strict_json.dumps(value)
