"""A model in hand: what a report says of it, how it is left, and that it fits the data."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from gatekeeper.config.window import SILENT
from gatekeeper.evaluation.model import answering, check_width, module_candidate
from gates.bank import build_bank
from gates.contracts import Dataset, Window
from gates.windows import make_dataset, window_rows
from schemas.errors import PredictionError
from trainers.predictor import ModulePredictor
from trainers.registry import architecture

CPU = torch.device("cpu")


def test_a_module_in_hand_says_what_it_is() -> None:
    linear = architecture("linear").build({"input_dim": 6, "context": 4})
    model = module_candidate(linear)
    assert (model.info.spec, model.info.kind, model.info.sha256) == (type(linear).__name__, "factory", None)
    assert model.info.architecture == f"{type(linear).__module__}:{type(linear).__qualname__}"
    assert model.info.parameters == sum(weights.numel() for weights in linear.parameters())
    assert model.trained == SILENT
    named = module_candidate(linear, "epoch 3")
    assert named.info.spec == named.predictor.name == "epoch 3"


def test_a_module_in_hand_answers_where_it_lies() -> None:
    assert module_candidate(nn.Linear(2, 2, device="meta")).predictor.device == torch.device("meta")
    assert module_candidate(nn.BatchNorm1d(2, affine=False)).predictor.device == CPU
    assert module_candidate(nn.Flatten()).predictor.device == CPU


def test_each_part_gets_back_the_mode_it_was_in() -> None:
    module = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(2))
    module[1].eval()  # as somebody freezes it
    with answering(module):
        assert not any(part.training for part in module.modules())
    assert [part.training for part in module.modules()] == [True, True, False]


def small_data() -> Dataset:
    """One article in val, of width 4."""
    rows = np.random.default_rng(0).standard_normal((10, 4))
    bank = build_bank(rows, np.zeros(10, dtype=np.int64), np.arange(10), source="small")
    val = window_rows(bank, np.zeros(1, dtype=np.int64), Window(5, 1))
    return make_dataset(bank, {"val": val}, Window(5, 1))


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
