"""What a rule lets through, and what it refuses: asked of the schemas that are made from it."""

from dataclasses import dataclass
from typing import Annotated, Any, get_args

import pytest
from jsonschema import Draft202012Validator

from schemas.records.policy import Policy, PolicyCheck
from schemas.records.rules import (
    CheckedSplit,
    Count,
    InFile,
    Line,
    Lines,
    Moment,
    Positive,
    Rule,
    Sha256,
    SplitName,
    file_keys,
    rule,
    version_rule,
)


def follows(kind: Any, value: object) -> bool:  # noqa: ANN401  (a type with its rules)
    (found,) = (each for each in get_args(kind)[1:] if isinstance(each, Rule))
    return Draft202012Validator(dict(found.keywords)).is_valid(value)


DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (
            Line,
            ["", "x" * 2000, "two words", "é☹", "x\u2028y"],
            ["x" * 2001, "a\nb", "a\n", "\x00", "a\x7f", "\x9f"],
        ),
        (
            Sha256,
            [DIGEST],
            ["", DIGEST.upper(), DIGEST[1:], DIGEST + "0", DIGEST + "\n", "\n" + DIGEST, "g" + DIGEST[1:]],
        ),
        (
            Moment,
            ["2026-01-31T00:00:00Z", "2026-12-01T23:59:59.1Z", "2026-12-01T23:59:59.123456Z"],
            [
                "2026-01-31",
                "2026-01-31T00:00:00",
                "2026-01-31 00:00:00Z",
                "2026-01-31T00:00:00+00:00",
                "2026-13-01T00:00:00Z",
                "2026-00-01T00:00:00Z",
                "2026-01-32T00:00:00Z",
                "2026-01-00T00:00:00Z",
                "2026-01-31T24:00:00Z",
                "2026-01-31T00:60:00Z",
                "2026-01-31T00:00:60Z",
                "2026-01-31T00:00:00.Z",
                "2026-01-31T00:00:00.1234567Z",
                "2026-01-31T00:00:00Z\n",
            ],
        ),
        (Count, [0, 1, 10**12], [-1]),
        (Positive, [1], [0, -1]),
        (SplitName, ["val", "a", "a1_b", "a" * 40], ["", "Val", "1a", "_a", "val-ood", "a" * 41, "val\n"]),
        (CheckedSplit, ["train", "val", "ood", "val-ood"], ["test", "ood-val", "val\n", None]),
        (Lines, [[], ["x"] * 10_000], [["x"] * 10_001]),
    ],
    ids=["line", "sha256", "moment", "count", "positive", "split name", "checked split", "lines"],
)
def test_what_a_rule_lets_through(kind: object, good: list[object], bad: list[object]) -> None:
    assert [value for value in good if not follows(kind, value)] == []
    assert [value for value in bad if follows(kind, value)] == []


@pytest.mark.parametrize(
    ("version", "value", "reads"),
    [
        ("2.0", "2.0", True),
        ("2.0", "2.999", True),
        ("1.1", "1.0", True),
        ("2.0", "1.0", False),
        ("2.0", "2.1000", False),
        ("2.0", "2.", False),
        ("2.0", "2", False),
        ("2.0", "2x0", False),
        ("2.0", "12.0", False),
        ("2.0", "2.0\n", False),
    ],
)
def test_versions_of_the_same_major_one_are_read(version: str, value: str, reads: bool) -> None:
    assert follows(Annotated[str, version_rule(version)], value) is reads


def test_a_rule_is_its_keywords_and_its_name() -> None:
    found = rule("share", minimum=0, **{"not": {"const": 1}})
    assert (found.name, found.keywords) == ("share", {"minimum": 0, "not": {"const": 1}})
    assert rule(maximum=1).name == ""


@dataclass(frozen=True)
class Renamed:
    """A record for tests."""

    long_name: Annotated[Annotated[float, rule(minimum=0)] | None, InFile("short")]
    other: Annotated[int, rule(minimum=0)]
    plain: str


def test_keys_of_a_file_that_people_write() -> None:
    assert file_keys(Renamed) == {"long_name": "short", "other": "other", "plain": "plain"}
    renamed = {field: key for field, key in file_keys(PolicyCheck).items() if field != key}
    assert renamed == {"minimum": "min", "maximum": "max"}
    assert {field: key for field, key in file_keys(Policy).items() if field != key} == {
        "checks": "check",
        "controls": "control",
        "waivers": "waiver",
    }
