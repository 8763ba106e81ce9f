"""What a predictor may not answer, and what becomes of what it may."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from gates.contracts import Dataset, Queries
from schemas.errors import PredictionError
from tests.gates.conftest import Fixed, Mixer, run_all
from tests.gates.forwards import DATASET, noise, plain, run


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
    whole = run_all(dataset, model).metrics["val"]["offset_sweep.cos"].value
    assert run_all(dataset, half).metrics["val"]["offset_sweep.cos"].value == pytest.approx(whole, abs=0.01)


@pytest.mark.parametrize("horizon", [1, 2])
def test_a_free_running_step_may_be_zero_and_is_fed_on_as_zero(horizon: int) -> None:
    """A model that answers zero as soon as one of its own predictions is in the context."""
    dataset = noise(horizon)
    vectors = torch.from_numpy(dataset.bank.vectors)
    fed: list[torch.Tensor] = []

    def forward(x: torch.Tensor) -> torch.Tensor:
        known = (torch.einsum("bld,nd->bln", x, vectors).amax(dim=2) > 0.999).all(dim=1, keepdim=True)
        fed.append(x[~known[:, 0]].clone())
        return torch.where(known, plain(x), torch.zeros(()))

    measured = run(forward, dataset)
    for split in ("val", "ood"):
        cosines = measured.samples[split]["rollout"].arrays["cosines"]
        zeros = measured.samples[split]["rollout"].arrays["zeros"]
        assert (cosines[:, 1:] == 0.0).all()
        assert (cosines[:, 0] != 0.0).all()
        assert (zeros == 4).all()
        assert measured.answers[split].zero_steps == zeros.sum()
    strangers = torch.cat(fed)
    # From the third step on what is fed is the zero row itself.
    assert (strangers == 0.0).all(dim=2).any()


def test_a_zero_answer_to_an_ablation_stays_an_error() -> None:
    vectors = torch.from_numpy(DATASET.bank.vectors)

    def forward(x: torch.Tensor) -> torch.Tensor:
        row = torch.einsum("bld,nd->bln", x, vectors).argmax(dim=2)
        whole = (row.diff(dim=1) == 1).all(dim=1, keepdim=True)
        return torch.where(whole, plain(x), torch.zeros(()))

    with pytest.raises(PredictionError, match=r"\d+ of 114 predictions on val are zero"):
        run(forward)
