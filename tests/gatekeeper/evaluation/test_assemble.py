from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from gatekeeper.evaluation.assemble import Shape, check_width, settle_shape
from gates.bank import build_bank
from gates.contracts import Dataset
from gates.windows import make_dataset, window_rows
from schemas.errors import PredictionError, UsageError
from trainers.predictor import ModulePredictor

NONE = (None, None)


@pytest.mark.parametrize(
    ("voices", "expected"),
    [
        ({}, Shape(5, 1, "default")),
        ({"config": (5, 2)}, Shape(5, 2, "config")),
        ({"flag": (None, 2)}, Shape(5, 2, "flag")),
        ({"data": (5, 2)}, Shape(5, 2, "sequence file")),
        ({"checkpoint": (3, 1)}, Shape(3, 1, "checkpoint")),
        (
            {"checkpoint": (5, 2), "data": (5, 2), "flag": (None, 2), "config": (5, None)},
            Shape(5, 2, "checkpoint"),
        ),
        ({"checkpoint": (5, None), "config": (None, 2)}, Shape(5, 2, "config")),
    ],
)
def test_shape_comes_from_the_first_who_names_it(
    voices: dict[str, tuple[int | None, int | None]], expected: Shape
) -> None:
    given = {name: voices.get(name, NONE) for name in ("checkpoint", "data", "flag", "config")}
    found = settle_shape(
        checkpoint=given["checkpoint"], data=given["data"], flag=given["flag"], config=given["config"]
    )
    assert found == expected


@pytest.mark.parametrize("other", ["data", "flag", "config"])
def test_whoever_contradicts_the_checkpoint_is_refused(other: str) -> None:
    voices: dict[str, tuple[int | None, int | None]] = dict.fromkeys(("data", "flag", "config"), NONE)
    voices[other] = (None, 2)
    with pytest.raises(UsageError, match=r"the checkpoint says horizon 1, .* says horizon 2"):
        settle_shape(checkpoint=(5, 1), data=voices["data"], flag=voices["flag"], config=voices["config"])


def test_a_recipe_may_have_a_horizon_of_its_own() -> None:
    found = settle_shape(checkpoint=NONE, data=NONE, flag=NONE, config=NONE, default_horizon=2)
    assert found == Shape(5, 2, "default")


def small_data() -> Dataset:
    """One article in val, of width 4."""
    rows = np.random.default_rng(0).standard_normal((10, 4))
    bank = build_bank(rows, np.zeros(10, dtype=np.int64), np.arange(10), source="small")
    val = window_rows(bank, np.zeros(1, dtype=np.int64), context=5, horizon=1)
    return make_dataset(bank, {"val": val}, context=5, horizon=1)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Flatten(), r"m must return predictions of shape \(1, 4\); found \(1, 20\)"),
        (nn.Identity(), r"m must return predictions of shape \(1, 4\); found \(1, 5, 4\)"),
        (nn.Linear(3, 3), r"m cannot read contexts of shape \(1, 5, 4\): "),
    ],
)
def test_a_model_of_another_shape_is_told_before_anything_is_measured(
    module: nn.Module, message: str
) -> None:
    predictor, dataset = ModulePredictor(module, "m", torch.device("cpu")), small_data()
    with pytest.raises(PredictionError, match=message):
        check_width(predictor, dataset)
    check_width(predictor, replace(dataset, splits={}))  # no window to try it on


def test_a_model_that_fits_may_write_into_what_it_is_tried_on() -> None:
    class Writes(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.fill_(1.0)[:, -1]

    dataset = small_data()
    before = dataset.bank.vectors.copy()
    check_width(ModulePredictor(Writes(), "m", torch.device("cpu")), dataset)
    assert np.array_equal(dataset.bank.vectors, before)
