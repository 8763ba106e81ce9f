"""Articles chosen by pattern, column, date and file: each against a loop, and every mistake with a hint."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.data.building.choices import Column, Dated, Glob, Listed, parse_choice
from gates.article_ids import number_articles
from gates.bank import build_bank
from gates.contracts import Bank
from schemas.errors import DataError, UsageError

IDS = ("nodejs/fs.md", "nodejs/path.md", "python/os.md", "python/re.txt", "Zope.md")
COLUMNS: Mapping[str, tuple[str | None, ...]] = {  # in the order of numbers: sorted ids
    "source": ("zope", "wiki", "wiki", "news", None),
    "published": ("2019", "2020-01-31", "2020-02-01T10:00:00Z", "", "2021-12"),
}


def bank_of(ids: tuple[object, ...] = IDS) -> Bank:
    articles = number_articles(ids, source="docs")
    return build_bank(np.eye(len(ids)), articles, np.zeros(len(ids), int), source="docs")


def taken(text: str, bank: Bank | None = None) -> list[object]:
    bank = bank or bank_of()
    choice = parse_choice(text)
    assert choice is not None
    return [bank.id_of(number) for number in choice.take(bank, COLUMNS).tolist()]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("glob:nodejs*", ["nodejs/fs.md", "nodejs/path.md"]),
        ("glob:*.md", ["Zope.md", "nodejs/fs.md", "nodejs/path.md", "python/os.md"]),
        ("glob:python/??.md, Z*", ["Zope.md", "python/os.md"]),
        ("glob:[Zn]*", ["Zope.md", "nodejs/fs.md", "nodejs/path.md"]),
        ("glob:NODEJS*", []),
        ("glob:nodejs", []),
        ("column:source=wiki", ["nodejs/fs.md", "nodejs/path.md"]),
        ("column:source=news,zope", ["Zope.md", "python/os.md"]),
        ("date:published>=2020-02", ["nodejs/path.md", "python/re.txt"]),
        ("date:published>2020-01-31", ["nodejs/path.md", "python/re.txt"]),
        ("date:published>2020", ["python/re.txt"]),
        ("date:published=2020", ["nodejs/fs.md", "nodejs/path.md"]),
        ("date:published<2020", ["Zope.md"]),
        ("date:published <= 2020-01", ["Zope.md", "nodejs/fs.md"]),
    ],
)
def test_articles_are_chosen_by_what_is_known_of_them(text: str, found: list[object]) -> None:
    assert taken(text) == found


def test_numbers_are_patterns_of_text_too() -> None:
    assert taken("glob:1?", bank_of((1, 10, 12, 120))) == [10, 12]


DAYS = st.dates(date(1990, 1, 1), date(2030, 12, 31))


@given(st.lists(st.none() | DAYS, min_size=1, max_size=20), DAYS)
def test_past_and_future_part_all_that_have_a_date(days: list[date | None], bound: date) -> None:
    bank = bank_of(tuple(range(len(days))))
    columns = {"day": tuple(None if day is None else day.isoformat() for day in days)}
    past = Dated("day", "<", (bound.year, bound.month, bound.day)).take(bank, columns).tolist()
    future = Dated("day", ">=", (bound.year, bound.month, bound.day)).take(bank, columns).tolist()
    assert past == [number for number, day in enumerate(days) if day is not None and day < bound]
    assert future == [number for number, day in enumerate(days) if day is not None and day >= bound]
    undated = Dated("day", "<", (bound.year,)).undated(bank, columns).tolist()
    assert sorted(past + future + undated) == list(range(len(days)))


@given(DAYS, st.integers(0, 400))
def test_a_short_bound_means_the_whole_of_its_time(day: date, after: int) -> None:
    other = day + timedelta(days=after)
    columns = {"day": (other.isoformat(),)}
    later = Dated("day", ">", (day.year, day.month)).take(bank_of((0,)), columns)
    assert bool(len(later)) == ((other.year, other.month) > (day.year, day.month))


def test_a_file_lists_ids_one_a_line(tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    path.write_text("\ufeffZope.md\r\n\n python/os.md \nZope.md\n", encoding="utf-8")
    assert taken(f"file:{path}") == ["Zope.md", "python/os.md"]
    path.write_text("12\n-3\n", encoding="utf-8")
    assert taken(f"file:{path}", bank_of((-3, 5, 12))) == [-3, 12]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("glob:a*,b", Glob(("a*", "b"))),
        ("column:a=b=c", Column("a", frozenset({"b=c"}))),
        ("date:a b>=2020-05", Dated("a b", ">=", (2020, 5))),
        ("file:x/y z", Listed(Path("x/y z"))),
        ("0-3,7", None),
        ("iris", None),
        ("https://a.b/c", None),
        ('"glob:x"', None),  # an id, since it stands in quotes
        ("doc:12", None),
    ],
)
def test_what_is_no_choice_is_a_list(text: str, found: object) -> None:
    assert parse_choice(text) == found


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("glob:", "--split: 'glob:': expected patterns of ids, such as glob:web/*,*.md"),
        ("glob:a,", "--split: 'glob:a,': expected patterns of ids, such as glob:web/*,*.md"),
        ("column:x", "--split: 'column:x': expected NAME=VALUE, such as column:source=wiki,news"),
        ("file:", "--split: 'file:': expected the path of a file with one id a line"),
        (
            "date:x>=soon",
            "--split: 'date:x>=soon': expected a column, one of >=, >, <=, <, =, and a date such as "
            "2020-01-31, 2020-01 or 2020",
        ),
        ("date:2020", "--split: 'date:2020': expected a column, one of >=, >, <=, <, =, and a date such as"),
        ("globs:x", "--split: 'globs:x': did you mean 'glob'? A list of articles has such an id in quotes"),
        (
            "colum:a=b",
            "--split: 'colum:a=b': did you mean 'column'? A list of articles has such an id in quotes",
        ),
    ],
)
def test_what_is_nearly_one_is_refused_with_what_was_expected(text: str, line: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_choice(text)
    assert str(refused.value).startswith(line)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("column:sourc=wiki", "docs has no column 'sourc'; did you mean 'source'?"),
        ("column:x=wiki", "docs has no column 'x'; its columns are source, published"),
        ("column:source=wikki", "docs: no article has 'wikki' in the column 'source'; did you mean 'wiki'?"),
        (
            "column:source=wiki,x",
            "docs: no article has 'x' in the column 'source'; its values are zope, wiki, news",
        ),
        (
            "date:source>2020",
            "docs: the column 'source' holds 'zope'; expected dates such as 2020-01-31",
        ),
        ("file:/no/such", "cannot read /no/such: No such file or directory"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(text: str, line: str) -> None:
    with pytest.raises(DataError) as refused:
        taken(text)
    assert str(refused.value) == line


def test_a_bank_without_columns_says_so() -> None:
    with pytest.raises(DataError, match=r"^docs has no column 'source'; it has no columns$"):
        Column("source", frozenset({"a"})).take(bank_of(), {})


def test_a_file_of_ids_that_are_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("Zope.md\nnodejs/net.md\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"ids\.txt.* names 1 article\(s\) that docs lacks, first nodejs/net\.md"
    ):
        taken(f"file:{tmp_path / 'ids.txt'}")
    (tmp_path / "ids.txt").write_bytes(b"\xff\n")
    with pytest.raises(DataError, match=r"ids\.txt is no UTF-8; write one id a line$"):
        taken(f"file:{tmp_path / 'ids.txt'}")
