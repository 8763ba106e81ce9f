"""Colours and forms of what is drawn."""

import pytest

from gatekeeper.render.page.palette import CONTROLS, MODEL, ROLES, STAND_INS, split_look
from gatekeeper.render.rows import CONTROL_HEADS


def test_every_role_has_a_stand_in_of_its_own() -> None:
    assert list(STAND_INS.values()) == list(ROLES)
    assert len(STAND_INS) == len(ROLES)


def test_every_control_of_the_table_has_a_series_that_nothing_else_looks_like() -> None:
    assert list(CONTROLS) == list(CONTROL_HEADS)
    series = [MODEL, *CONTROLS.values()]
    assert len({each.colour for each in series}) == len(series)
    assert len({each.marker for each in series}) == len(series)


@pytest.mark.parametrize("number", range(8))
def test_looks_of_splits_repeat_from_the_ninth_on(number: int) -> None:
    assert split_look(number) == split_look(number + 8)
    assert [split_look(other) for other in range(8)].count(split_look(number)) == 1
