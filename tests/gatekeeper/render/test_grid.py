import pytest

from gatekeeper.render.grid import grid

ROWS = [("margin", "0.450"), ("copies", "1e3")]
SIMPLE = """\
metric    value
--------  -------
margin    0.450
copies    1e3"""
GITHUB = """\
| metric   | value   |
|----------|---------|
| margin   | 0.450   |
| copies   | 1e3     |"""


@pytest.mark.parametrize(("form", "table"), [("simple", SIMPLE), ("github", GITHUB)])
def test_a_table_holds_its_cells_as_they_are_written(form: str, table: str) -> None:
    assert grid(ROWS, ("metric", "value"), form) == table


def test_a_column_is_wrapped_where_it_may_be_no_wider() -> None:
    assert grid([("one two three", "one two three")], ("a", "b"), widths=(None, 7)) == (
        "a              b\n-------------  -------\none two three  one two\n               three"
    )
