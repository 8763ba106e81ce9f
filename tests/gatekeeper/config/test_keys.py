"""What a key may hold, and how a section is declared."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from gatekeeper.config.articles import parse_articles
from gatekeeper.config.keys import (
    EDGES,
    NAME,
    NUMBER,
    POLICY,
    SPLIT,
    WRITTEN,
    Kind,
    Unfit,
    convert,
    key,
    key_names,
    one_of,
    whole,
)
from schemas.errors import UsageError

FOLDER = Path("/project")


@dataclass(frozen=True, kw_only=True)
class Section:
    size_of: int = key(3, whole(1, 9), "How large")
    mood: str = key("calm", one_of(("calm", "wild")), "How to behave")


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        (WRITTEN, "a/b", FOLDER / "a/b"),
        (WRITTEN, "/elsewhere", Path("/elsewhere")),
        (POLICY, "seed-5cat", "seed-5cat"),
        (POLICY, "own.toml", str(FOLDER / "own.toml")),
        (SPLIT, "0-2,7", parse_articles("0-2,7")),
        (SPLIT, [7, "iris", 7], parse_articles("7,iris")),
        (SPLIT, "val.npz", FOLDER / "val.npz"),
        (NAME, "cpu", "cpu"),
        (NUMBER, 1, 1.0),
        (EDGES, [0, 0.5], (0.0, 0.5)),
        (whole(0), 0, 0),
        (whole(1, 9), 9, 9),
        (one_of(("a", "b")), "b", "b"),
    ],
)
def test_what_fits_is_read(kind: Kind, value: object, found: object) -> None:
    assert kind.read(value, FOLDER) == found


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (WRITTEN, ""),
        (WRITTEN, "a\0b"),
        (WRITTEN, 3),
        (WRITTEN, "~nobody-of-this-name/x"),
        (POLICY, 4),
        (SPLIT, []),
        (SPLIT, [True]),
        (SPLIT, [""]),
        (NAME, ""),
        (NUMBER, True),
        (NUMBER, 2**63),
        (EDGES, [0.1]),
        (EDGES, ["a", "b"]),
        (whole(1), 0),
        (whole(1), 1.0),
        (whole(1), True),
        (whole(1, 9), 10),
        (one_of(("a", "b")), ["a"]),
    ],
)
def test_what_does_not_fit_is_refused(kind: Kind, value: object) -> None:
    with pytest.raises(Unfit):
        kind.read(value, FOLDER)


@pytest.mark.parametrize(
    ("table", "where", "message"),
    [
        ({"size_of": 0}, "--", "--size-of: expected a whole number of at least 1, found 0"),
        ({"size_of": 10}, "x: [s] ", "x: [s] size_of: expected a whole number of at most 9, found 10"),
        ({"mood": "mild"}, "", "mood: expected one of calm, wild, found 'mild'"),
        ({"moood": "wild"}, "", "'moood' is unknown; did you mean 'mood'?"),
    ],
)
def test_a_mistake_names_its_key_or_flag(table: dict[str, object], where: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        convert(Section, table, FOLDER, where)
    assert str(refused.value) == message


def test_a_section_is_a_dataclass_with_its_defaults() -> None:
    assert key_names(Section) == ("size_of", "mood")
    assert convert(Section, {"mood": "wild"}, FOLDER, "") == {"mood": "wild"}
    assert Section(**convert(Section, {"mood": "wild"}, FOLDER, "")) == Section(size_of=3, mood="wild")
