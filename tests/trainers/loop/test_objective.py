"""What every recipe's loss shares, and the mean squared error of p1 and p6, against a loop over windows."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from schemas.errors import UsageError
from schemas.records.history import FIGURES
from tests.trainers.tiny import cosine, data, load, naive_mse, number, pairs
from trainers.loop.objective import Terms, mean_squared_error, previous_offset
from trainers.loop.selection import RULE
from trainers.recipes.mse import P1, P6, MeanSquaredError

# What all recipes share


@pytest.mark.parametrize("horizon", [1, 2, 3, 7])
def test_a_named_negative_lies_where_its_name_says(horizon: int) -> None:
    # context[-i] is i - 1 places before the last chunk, the target ``horizon`` places after it.
    assert previous_offset("context[-1]", horizon) == 0 - horizon
    assert previous_offset("context[-2]", horizon) == -1 - horizon
    if horizon > 1:
        assert previous_offset("skipped", horizon) == -1


@pytest.mark.parametrize(
    ("previous", "horizon", "message"),
    [
        (
            "context[-3]",
            2,
            "prev must be one of context[-2], context[-1], skipped; found 'context[-3]'",
        ),
        ("", 1, "prev must be one of context[-2], context[-1], skipped; found ''"),
        (
            "skipped",
            1,
            "no chunk is skipped at horizon 1; the chunk before the target is context[-1] there",
        ),
    ],
)
def test_a_negative_that_does_not_exist_is_refused(previous: str, horizon: int, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        previous_offset(previous, horizon)
    assert str(refused.value) == message


def test_the_squared_error_is_a_mean_over_windows_and_dimensions() -> None:
    # (1 + 4 + 0 + 9) / 4
    assert float(
        mean_squared_error(torch.tensor([[1.0, 2.0], [0.0, 3.0]]), torch.zeros(2, 2))
    ) == pytest.approx(3.5)
    one, other = torch.tensor([[0.6, 0.8]]), torch.tensor([[1.0, 0.0]])
    # Unit rows: 2 (1 - 0.6) / 2
    assert float(mean_squared_error(one, other)) == pytest.approx(0.4)


def test_the_figures_by_name() -> None:
    assert tuple(FIGURES) == ("loss", "mse", "push", "pos", "neg", "gap", "lambda_eff", "clamped")


def test_detached_terms_keep_their_order_and_lose_their_gradient() -> None:
    values = [torch.tensor(float(i), requires_grad=True) for i in range(5)]
    plain = Terms(*values).detached()
    assert plain.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert not plain.requires_grad
    more = replace(Terms(*values), more=torch.tensor([5.0, 6.0], requires_grad=True)).detached()
    assert more.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert not more.requires_grad


# p1 and p6


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
    assert (objective.rule, objective.weighted) == (RULE, False)
    assert objective.negative == "none (the gap shown is to k = -1)"


@pytest.mark.parametrize(("recipe", "label"), [(P1, "P1"), (P6, "P6")])
def test_the_line_of_mse(recipe: Any, label: str) -> None:  # noqa: ANN401  (P1 and P6 have one type)
    means = {"mse": 0.0021, "pos": 0.52, "neg": 0.468, "gap": 0.052}
    objective = recipe.make_objective(recipe.settings(), data())
    assert objective.line(means) == f"[{label}] mse=0.00210 pos=0.520 neg=0.468 gap=0.052 (k=-1)"
