"""Which part of what a module returns is the prediction."""

from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from schemas.errors import PredictionError
from trainers.outputs import Output, prediction
from trainers.predictor import ModulePredictor, answer_with

STATES = torch.arange(24.0).view(2, 3, 4)
POOLED = torch.ones(2, 4)


@dataclass
class Answered:
    states: torch.Tensor
    pooled: torch.Tensor

    @property
    def twice(self) -> torch.Tensor:
        return 2 * self.pooled


Named = namedtuple("Named", ["states", "pooled"])

WHOLE = {"states": STATES, "pooled": POOLED}
ANSWERS = [WHOLE, OrderedDict(WHOLE), Answered(**WHOLE), Named(**WHOLE)]


def picked(answer: object, output: Output | None) -> torch.Tensor:
    return prediction(answer, output, shape=(2, 3, 4), name="m")


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_a_key_or_an_attribute_is_picked_and_of_places_the_last(answer: object) -> None:
    assert torch.equal(picked(answer, "pooled"), POOLED)
    assert torch.equal(picked(answer, "states"), STATES[:, -1])


def test_a_place_in_a_tuple_a_property_and_the_last_of_one_tensor_are_picked() -> None:
    assert torch.equal(picked((STATES, (POOLED,)), 0), STATES[:, -1])
    assert torch.equal(picked([POOLED], 0), POOLED)
    assert torch.equal(picked(Answered(STATES, POOLED), "twice"), 2 * POOLED)
    assert torch.equal(picked(STATES, "last"), STATES[:, -1])
    assert torch.equal(picked({"last": POOLED}, "last"), POOLED)
    assert picked(POOLED, None) is POOLED


@pytest.mark.parametrize(
    ("answer", "output", "message"),
    [
        (WHOLE, None, r"found dict of 'states' \(2, 3, 4\), 'pooled' \(2, 4\); .* pass output='states'"),
        ({"loss": torch.zeros(()), "out": POOLED}, None, "pass output='out'"),
        ({"loss": None}, None, "found dict of 'loss' NoneType; .* pass output='loss'"),
        (
            {torch.zeros(9, 9): torch.zeros(2, 4)},
            None,
            r"found dict of a key of type Tensor \(2, 4\); return the prediction alone$",
        ),
        ({torch.zeros(2): 1}, "states", "m returns no 'states'; found dict of a key of type Tensor int$"),
        ((STATES, STATES), None, r"found tuple of 0 \(2, 3, 4\), 1 \(2, 3, 4\); .* pass output=0"),
        ({}, None, "m must return one tensor; found dict$"),
        (STATES, None, r"predictions of shape \(2, 4\); found \(2, 3, 4\), one .* pass output='last'"),
        (
            STATES,
            "states",
            r"one tensor of shape \(2, 3, 4\), without a part 'states'; pass output='last'",
        ),
        (POOLED, "last", "without a part 'last'; leave output out"),
        (WHOLE, "state", r"m returns no 'state'; found dict of .*; did you mean 'states'\?"),
        (WHOLE, 0, "m returns no 0; found dict of"),
        ((POOLED,), 1, r"m returns no 1; found tuple of 0 \(2, 4\)$"),
        ({"loss": None}, "loss", "must return one tensor; found NoneType"),
        (dict.fromkeys("abcdefghij", 1), None, r"'h' int, \.\.\.; return"),
    ],
)
def test_a_misfit_says_what_was_found_and_what_to_pass(
    answer: object, output: Output | None, message: str
) -> None:
    with pytest.raises(PredictionError, match=message) as caught:
        picked(answer, output)
    assert "\n" not in str(caught.value)


def test_a_predictor_picks_its_output() -> None:
    class Network(nn.Module):
        def forward(self, contexts: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"hidden": contexts}

    assert torch.equal(answer_with(Network(), STATES, "m", "hidden"), STATES[:, -1])
    assert ModulePredictor(Network(), "m", torch.device("cpu"), output="hidden").output == "hidden"
