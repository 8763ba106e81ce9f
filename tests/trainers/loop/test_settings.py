"""Knobs of all gradient recipes, validated at the door."""

import pytest

from schemas.errors import UsageError
from tests.trainers.fitting import GRADIENT
from trainers.loop.settings import GradientSettings
from trainers.registry import trainer


@pytest.mark.parametrize(
    ("knobs", "reason"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1; found 0"),
        ({"batch_size": True}, "batch_size must be a whole number"),
        ({"lr": 0.0}, "lr must lie above 0"),
        ({"lr": float("nan")}, "lr must lie above 0"),
        ({"lr": float("inf")}, "lr must lie above 0"),
        ({"clip": -1.0}, "clip must lie above 0"),
        ({"lr_factor": 1.0}, "lr_factor must lie above 0 and below 1"),
        ({"weight_decay": -0.1}, "weight_decay must lie"),
        ({"batch_size": 2, "accumulate": 3}, "a batch of 2 cannot be cut into 3 parts"),
        ({"precision": "fp8"}, "precision must be one of fp32, bf16; found 'fp8'"),
        ({"on_collapse": "pray"}, "on_collapse must be one of stop, rollback, ignore; found 'pray'"),
        ({"patience": 0}, "patience must be a whole number of at least 1; found 0"),
        ({"patience": 1.5}, "patience must be a whole number of at least 1; found 1.5"),
        ({"save_every": -1}, "save_every must be a whole number of at least 0"),
    ],
)
@pytest.mark.parametrize("name", GRADIENT)
def test_settings_that_are_none(name: str, knobs: dict[str, object], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        trainer(name).settings(**knobs)


def test_weight_decay_may_be_nothing() -> None:
    assert GradientSettings(weight_decay=0.0).weight_decay == 0.0
