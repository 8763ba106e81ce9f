import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.data.articles import format_articles, parse_articles
from schemas.errors import UsageError


def test_ranges_are_inclusive_sorted_and_unique() -> None:
    assert parse_articles(" 5-7, 1 ,6,3 - 3") == (1, 3, 5, 6, 7)


@given(st.sets(st.integers(0, 500), min_size=1))
def test_format_is_the_inverse_of_parse(articles: set[int]) -> None:
    assert parse_articles(format_articles(articles)) == tuple(sorted(articles))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "found ''"),
        ("1,,2", "found ''"),
        ("a-b", "found 'a-b'"),
        ("-3", "found '-3'"),
        ("1.5", "found '1.5'"),
        ("1-2-3", "found '1-2-3'"),
        ("9-2", "range 9-2 runs backwards; write 2-9"),
        ("0-99999999999", "names more than"),
        ("١", "found"),
        ("1" * 30, "found"),
    ],
)
def test_bad_lists_are_usage_errors(text: str, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_articles(text)
    assert expected in str(caught.value)
    assert caught.value.exit_code == 2
