"""Modules as predictors, and weights that no gate can measure between two epochs."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from gates.contracts import Queries
from schemas.errors import PredictionError
from schemas.records.answers import Format
from tests.trainers.forward import Forward
from trainers.checkpoints import fingerprint
from trainers.predictor import ModulePredictor, answer_with

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda x: (x, x), "must return one tensor; found tuple"),
        (lambda x: torch.complex(x[:, -1], x[:, -1]), "found numbers of type complex64"),
        (lambda x: x[:, -1].to_sparse(), "found a tensor of layout sparse_coo"),
        (lambda x: x[:, -1].to("meta"), "found a tensor on the meta device"),
    ],
)
def test_what_is_no_ordinary_tensor_is_refused_before_it_is_converted(
    made: Callable[[torch.Tensor], object], words: str
) -> None:
    module, contexts = Forward(made), torch.ones(2, 5, 4)
    with pytest.raises(PredictionError, match=words):
        answer_with(module, contexts, "m")
    with pytest.raises(PredictionError, match=words):
        ModulePredictor(module, "m", CPU).predict(Queries(contexts, np.arange(2)))
    with pytest.raises(PredictionError, match=words):
        fingerprint.answer(module, 5, 4)


def test_the_shape_that_could_not_be_read_is_the_one_that_was_given() -> None:
    def shrink(contexts: torch.Tensor) -> torch.Tensor:
        contexts.resize_(1)
        raise ValueError("no")

    with pytest.raises(PredictionError, match=r"m cannot read contexts of shape \(2, 5, 4\): no"):
        answer_with(Forward(shrink), torch.ones(2, 5, 4), "m")


@pytest.mark.parametrize(
    ("module", "form"),
    [(nn.Linear(2, 2), "float32"), (nn.Linear(2, 2).half(), "float16"), (nn.Identity(), None)],
)
def test_a_predictor_knows_the_format_of_its_weights(module: nn.Module, form: Format | None) -> None:
    assert ModulePredictor(module, "m", CPU).weight_format == form
    assert not ModulePredictor(module, "m", CPU).reads_targets
