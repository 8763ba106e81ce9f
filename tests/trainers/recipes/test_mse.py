"""The plain recipes: a squared error, and a gap that is only measured."""

from typing import Any

import numpy as np
import pytest
import torch

from tests.trainers.tiny import cosine, data, load, naive_mse, number, pairs
from trainers.loop.selection import RULE
from trainers.recipes.mse import P1, P6, MeanSquaredError


@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_mse_terms_are_those_of_a_loop_over_windows(horizon: int) -> None:
    dataset = data(horizon)
    batches, batch, predictions = load(dataset)
    terms = MeanSquaredError("P").terms(predictions, batch, batches)
    found = list(pairs(dataset, predictions, -1))
    assert len(found) == len(batch.targets)  # the chunk before the target always exists
    assert number(terms.mse) == pytest.approx(naive_mse(dataset, predictions), rel=1e-5)
    assert number(terms.pos) == pytest.approx(np.mean([cosine(p, t) for p, t, _ in found]), abs=1e-6)
    assert number(terms.neg) == pytest.approx(np.mean([cosine(p, b) for p, _, b in found]), abs=1e-6)
    assert number(terms.gap) == pytest.approx(number(terms.pos) - number(terms.neg), abs=1e-6)
    assert number(terms.push) == 0.0


def test_mse_has_no_push_and_nothing_to_remember() -> None:
    objective = MeanSquaredError("P6")
    objective.start_epoch(1)
    weight = objective.weight(torch.tensor([1.0, 0.0, 0.5, 0.4, 0.1]))
    assert (float(weight.value), float(weight.clamped)) == (0.0, 0.0)
    assert objective.admissible(-1.0)
    assert objective.state() == {}
    assert (objective.rule, objective.margin) == (RULE, None)
    assert objective.negative == "none (the gap shown is to k = -1)"


@pytest.mark.parametrize(("recipe", "label"), [(P1, "P1"), (P6, "P6")])
def test_the_line_of_mse(recipe: Any, label: str) -> None:  # noqa: ANN401  (P1 and P6 have one type)
    means = {"mse": 0.0021, "pos": 0.52, "neg": 0.468, "gap": 0.052}
    objective = recipe.make_objective(recipe.settings(), data())
    assert objective.line(means) == f"[{label}] mse=0.00210 pos=0.520 neg=0.468 gap=0.052 (k=-1)"
