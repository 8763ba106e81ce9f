import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.config.articles import ArticleList, format_articles, list_articles, parse_articles
from schemas.errors import UsageError


def test_ranges_are_inclusive_sorted_and_joined() -> None:
    found = parse_articles(" 5-7, 1 ,6,3 - 3,2")
    assert found == ArticleList(((1, 3), (5, 7)))
    assert found.size == 6


@given(st.sets(st.integers(-500, 500) | st.integers(-(2**70), 2**70), min_size=1))
def test_format_is_the_inverse_of_parse(articles: set[int]) -> None:
    assert parse_articles(format_articles(articles)) == list_articles(articles)


@given(st.lists(st.integers() | st.text(min_size=1), min_size=1))
def test_any_list_of_ids_is_read_back_as_it_was_written(ids: list[int | str]) -> None:
    found = list_articles(ids)
    assert parse_articles(str(found)) == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-5--1", ArticleList(((-5, -1),))),
        ("-5 - 2,-7", ArticleList(((-7, -7), (-5, 2)))),
        ("11400714819323198485", ArticleList(((11400714819323198485, 11400714819323198485),))),
        ("1-2-3,1.5,a-b", ArticleList((), ("1-2-3", "1.5", "a-b"))),
        ("007,0", ArticleList(((0, 0),), ("007",))),
        ('"1,2", "say ""hi""" ,"3-4"', ArticleList((), ("1,2", 'say "hi"', "3-4"))),
        ("über uns, über uns", ArticleList((), ("über uns",))),
        ("\u0661", ArticleList((), ("\u0661",))),
    ],
)
def test_ids_of_every_kind_are_listed(text: str, expected: ArticleList) -> None:
    assert parse_articles(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "found ''"),
        ("1,,2", "found ''"),
        ("1,", "found ''"),
        ('""', "found '\"\"'"),
        ('"a', "found '\"a'"),
        ('a"b"', "found 'a\"b\"'"),
        ("9-2", 'range 9-2 runs backwards; write 2-9, or "9-2" in quotes if that is an id'),
        ("-1--5", "range -1--5 runs backwards; write -5--1"),
        ("0-99999999999", "names more than"),
    ],
)
def test_bad_lists_are_usage_errors(text: str, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_articles(text)
    assert expected in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("piece", ['""', '"a" ', '"', " ", "1 ,", '"a",'])
def test_a_long_list_is_read_in_linear_time(piece: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_articles(piece * 100_000 + ",")
    assert len(str(caught.value)) < 400


def test_a_list_of_ids_keeps_their_kinds() -> None:
    assert list_articles(json.loads('[3, "3", 1, 2, "x"]')) == ArticleList(((1, 3),), ("3", "x"))
