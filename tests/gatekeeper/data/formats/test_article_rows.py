"""Articles are what rows name, and what is known of each is its first value."""

import pytest

from gatekeeper.data.formats.article_rows import Articles
from gatekeeper.data.formats.roles import Roles
from gatekeeper.data.formats.tables import Values
from schemas.errors import DataError
from tests.gatekeeper.data.formats.tables import MemoryTable


def gathered(ids: Values, *, typed: bool = True, **columns: Values) -> Articles:
    table = MemoryTable({"a": ids, **columns}, typed=typed)
    others = tuple(name for name in columns if name != "title")
    roles = Roles("a", None, None, None, "title" if "title" in columns else None, others)
    articles = Articles(table, roles)
    for batch in table.batches(roles.wanted):
        articles.add(batch)
    return articles


@pytest.mark.parametrize(
    ("given", "typed", "numbers", "ids"),
    [
        ([5, -3, 5], True, [5, -3, 5], None),
        ([2**64 - 1, 2**63, 7], True, [2, 1, 0], (7, 2**63, 2**64 - 1)),
        (["b", "ä", "a"], True, [1, 2, 0], ("a", "b", "ä")),
        (["10", "9", "-1"], True, [1, 2, 0], ("-1", "10", "9")),
        (["10", "9", "-1"], False, [10, 9, -1], None),
        (["10", "09"], False, [1, 0], ("09", "10")),  # which is no number as it is written
        (["10", "x"], False, [0, 1], ("10", "x")),
    ],
)
def test_ids_are_numbers_or_text(
    given: Values, typed: bool, numbers: list[int], ids: tuple[object, ...] | None
) -> None:
    found = gathered(given, typed=typed).numbered()
    assert (found.numbers.tolist(), found.ids) == (numbers, ids)


def test_what_is_known_of_an_article_is_in_the_order_of_their_numbers() -> None:
    found = gathered(
        [3, 1, 3, 1, 2],
        title=["three", None, "other", "one", None],
        year=[1993, 1991, 1993, 1991, None],
        page=[1, 1, 2, None, 5],
    )
    found.numbered()
    assert found.titles() == {3: "three", 1: "one"}
    assert found.columns() == {"year": ("1991", None, "1993"), "page": ("1", "5", "1")}
    assert found.notes() == ("t: page differ within an article; of each the first value is kept",)


def test_without_ids_every_row_is_an_article() -> None:
    table = MemoryTable({"text": ["a", "b", "c"]})
    roles = Roles(None, None, "text", None, None, ())
    articles = Articles(table, roles)
    for batch in table.batches(roles.wanted):
        articles.add(batch)
    assert articles.numbered().numbers.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1, "1"], r"t row 1: article ids are numbers \(1\) and text \('1'\); write all of them as one kind"),
        (["x", "y", 2], r"t row 2: article ids are numbers \(2\) and text \('x'\)"),
        ([1, None], "t row 1: a must be a whole number or text; found nothing"),
        ([1, 2, 0.5], "t row 2: a must be a whole number or text; found float '0.5'"),
        ([True], "t row 0: a must be a whole number or text; found bool 'True'"),
    ],
)
def test_what_is_no_id_is_refused_by_row(given: Values, message: str) -> None:
    with pytest.raises(DataError, match=message):
        gathered(given)
