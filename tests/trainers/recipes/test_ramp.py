"""A ramp of one's own, as it is written on the command line."""

from typing import Any

import pytest

from schemas.errors import UsageError
from tests.trainers.tiny import data
from trainers.recipes.p6b import DirectionalObjective, P6bSettings
from trainers.recipes.ramp import Stage, parse_ramp


def p6b(horizon: int = 2, **knobs: Any) -> DirectionalObjective:  # noqa: ANN401  (any setting)
    return DirectionalObjective(P6bSettings(**knobs), data(horizon))


def test_a_ramp_of_ones_own() -> None:
    assert parse_ramp("1:0:0,4:2:1.5") == (Stage(1, 0.0, 0.0), Stage(4, 2.0, 1.5))
    objective = p6b(ramp="1:0.5:1,4:1:2")
    margins = []
    for epoch in (1, 3, 4, 100):
        objective.start_epoch(epoch)
        margins.append(objective.stage.margin)
    assert margins == [0.5, 0.5, 1.0, 1.0]


@pytest.mark.parametrize("text", ["", "1", "1:0.02", "1:0.02:0.4:1", "1:0.02:0.4,", "a:0.02:0.4", "1.5:0:1"])
def test_a_ramp_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_ramp(text)
    assert str(refused.value) == (
        "a ramp is written first epoch:margin:share,..., e.g. 1:0.02:0.4,6:0.05:1; " + f"found {text!r}"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *(
            (text, "the epochs of a ramp must ascend from 1")
            for text in ("2:0:1", "0:0:1", "-1:0:1", "1:0:1,1:0:1", "1:0:1,5:0:1,3:0:1")
        ),
        *(
            (text, "a ramp's margins lie in [0, 2] and its shares are not negative")
            for text in ("1:-0.1:1", "1:2.1:1", "1:nan:1", "1:0:-1", "1:0:inf", "1:0:nan", "1:0:1,2:3:1")
        ),
    ],
)
def test_a_ramp_out_of_range_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_ramp(text)
    assert str(refused.value) == f"{message}; found {text!r}"
