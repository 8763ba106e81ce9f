"""Which epoch a criterion names, and what it says where nothing is defined."""

import pytest

from schemas.verdict.training_criteria import Criterion, success_criteria
from tests.schemas.histories import epoch, history

BY = [("cos", 0, 5, 0.5), ("margin", 1, 5, 0.0), ("recall", 2, 8, 0.7)]


@pytest.mark.parametrize(("field", "place", "last", "bound"), BY)
def test_of_equal_epochs_the_earliest_is_named(field: str, place: int, last: int, bound: float) -> None:
    value = bound + 0.125
    run = history(*(epoch(number, val={field: value}) for number in (2, 3, last)))
    found = success_criteria(run)[place]
    assert (found.met, found.figure) == (True, f"{value:+.3f} in epoch 2")


@pytest.mark.parametrize(("field", "place", "last", "bound"), BY)
def test_what_was_never_defined_is_said_to_be_so(field: str, place: int, last: int, bound: float) -> None:
    run = history(*(epoch(number, val={field: None}) for number in (1, last)))
    name = success_criteria(run)[place].name
    assert success_criteria(run)[place] == Criterion(name, False, f"undefined up to epoch {last}")


@pytest.mark.parametrize(("field", "place", "last", "bound"), BY)
def test_what_is_defined_too_late_was_never_defined(field: str, place: int, last: int, bound: float) -> None:
    run = history(epoch(1, val={field: None}), epoch(last + 1, val={field: bound + 1.0}))
    found = success_criteria(run)[place]
    assert (found.met, found.figure) == (False, f"undefined up to epoch {last}")
