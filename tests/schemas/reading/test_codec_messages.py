"""What reading and writing records says of a value that does not fit, word for word."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from schemas.errors import PolicyError, ReportError
from schemas.reading.codec import decode, encode


@dataclass(frozen=True)
class Point:
    x: float
    label: str


@dataclass(frozen=True)
class Tuples:
    one: tuple[int]
    three: tuple[int, str, int]
    any_number: tuple[int, ...]


@dataclass(frozen=True)
class Path:
    points: tuple[Point, ...]
    ends: tuple[float, int]
    named: Mapping[str, Point]


PATH: dict[str, Any] = {"points": [], "ends": [0.5, 1], "named": {}}


@pytest.mark.parametrize(
    ("value", "where", "message"),
    [
        (math.nan, "report", "report: expected a finite number, found nan; an undefined one is None"),
        (
            [0.5, {"a": -math.inf}],
            "scores",
            "scores[1].a: expected a finite number, found -inf; an undefined one is None",
        ),
        ((1, {2}), "report", "report[1]: set has no JSON form"),
        ({"a": {1: 2}}, "report", "report.a: key 1 is not text"),
        (Path((), (0.5, 1), {"p": Point(math.inf, "")}), "path",
         "path.named.p.x: expected a finite number, found inf; an undefined one is None"),
        (Point, "report", "report: type has no JSON form"),  # a class is no record
        ([b""], "report", "report[0]: bytes has no JSON form"),
    ],
)  # fmt: skip
def test_writing_says_what_cannot_be_written_and_where(value: object, where: str, message: str) -> None:
    with pytest.raises(ReportError) as caught:
        encode(value, where=where)
    assert str(caught.value) == message


def test_a_value_is_called_report_unless_it_is_named() -> None:
    with pytest.raises(ReportError) as caught:
        encode({1})
    assert str(caught.value) == "report: set has no JSON form"
    with pytest.raises(ReportError) as caught:
        decode(Point, 3)
    assert str(caught.value) == "report: expected an object, found int '3'"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "path: expected an object, found list '[]'"),
        ({}, "path: missing or unknown key 'ends'"),  # of several the first by name
        ({**PATH, "z": 0, "a": 0}, "path: missing or unknown key 'a'"),
        ({**PATH, "points": {}}, "path.points: expected a list, found dict '{}'"),
        ({**PATH, "points": [{"x": 1}]}, "path.points[0]: missing or unknown key 'label'"),
        (
            {**PATH, "points": [{"x": "1", "label": ""}]},
            "path.points[0].x: expected float, found str '1'",
        ),
        ({**PATH, "ends": [0.5]}, "path.ends: expected 2 entries, found 1"),
        ({**PATH, "ends": [0.5, 1.0]}, "path.ends[1]: expected int, found float '1.0'"),
        ({**PATH, "named": []}, "path.named: expected an object, found list '[]'"),
        ({**PATH, "named": {3: {}}}, "path.named: every key must be text"),
        ({**PATH, "named": {"p": None}}, "path.named.p: expected an object, found NoneType 'None'"),
    ],
)
def test_reading_says_what_does_not_fit_and_where(value: object, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        decode(Path, value, where="path", error=PolicyError)
    assert str(caught.value) == message


def test_a_long_value_is_shown_by_its_beginning() -> None:
    text = "0123456789" * 9
    with pytest.raises(ReportError) as caught:
        decode(Point, {"x": text, "label": ""})
    assert str(caught.value) == f"report.x: expected float, found str '{text[:60]}'"


@pytest.mark.parametrize(
    "tuples",
    [Tuples((1,), (1, "two", 3), ()), Tuples((1,), (1, "two", 3), (4,)), Tuples((0,), (0, "", 0), (1, 2, 3))],
)
def test_tuples_of_any_length_are_read_back(tuples: Tuples) -> None:
    assert decode(Tuples, encode(tuples)) == tuples


@pytest.mark.parametrize(("one", "found"), [([], 0), ([1, 2], 2)])
def test_a_tuple_of_one_is_neither_empty_nor_longer(one: list[int], found: int) -> None:
    with pytest.raises(ReportError) as caught:
        decode(Tuples, {"one": one, "three": [1, "two", 3], "any_number": []})
    assert str(caught.value) == f"report.one: expected 1 entries, found {found}"
