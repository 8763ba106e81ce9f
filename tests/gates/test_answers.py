"""What a predictor may not answer, and what becomes of what it may."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from gates.contracts import Dataset, Queries
from schemas.errors import PredictionError
from tests.gates.conftest import Fixed, Mixer, run_all


@pytest.mark.parametrize(
    ("poison", "words"),
    [(float("nan"), "NaN or infinite"), (float("inf"), "NaN or infinite"), (0.0, "zero")],
)
def test_impossible_predictions_are_an_error(
    make_data: Callable[..., Dataset], poison: float, words: str
) -> None:
    dataset = make_data()
    bad = dataset.splits["val"].last_rows[[3, 8]] + 1

    def answer(queries: Queries) -> torch.Tensor:
        out = queries.contexts[:, -1].clone()
        out[np.isin(queries.target_rows, bad)] = poison
        return out

    message = rf"fixed: 2 of \d+ predictions on val are {words}, first for target rows {bad[0]}, {bad[1]}"
    with pytest.raises(PredictionError, match=message):
        run_all(dataset, Fixed(answer))


@pytest.mark.parametrize(
    "answer",
    [lambda q: q.contexts[:, -1, :-1], lambda q: q.contexts, lambda q: q.contexts[:1, -1]],
)
def test_wrong_shapes_are_an_error(
    make_data: Callable[..., Dataset], answer: Callable[[Queries], torch.Tensor]
) -> None:
    with pytest.raises(PredictionError, match=r"must return predictions of shape \(\d+, 12\); found"):
        run_all(make_data(), Fixed(answer))


def test_half_precision_predictions_are_measured(
    make_data: Callable[..., Dataset], make_mixer: Callable[..., Mixer]
) -> None:
    dataset = make_data()
    model = make_mixer(dataset)
    half = Fixed(lambda queries: model.plain(queries.contexts).to(torch.bfloat16))
    plain = run_all(dataset, model).metrics["val"]["offset_sweep.cos"].value
    assert run_all(dataset, half).metrics["val"]["offset_sweep.cos"].value == pytest.approx(plain, abs=0.01)
