"""p4: what guards and rollout weigh, against arithmetic and loops over windows."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from schemas.errors import UsageError
from tests.trainers.recipes.test_free_running import model, recursive
from tests.trainers.tiny import BANK, cosine, data, find, load, number
from trainers.loop.batches import Batch, WindowBatches
from trainers.loop.noise import RandomLast
from trainers.recipes.rollout import TRAINER, P4Settings, RolloutObjective, rollout_error


def objective(epoch: int = 6, **knobs: Any) -> RolloutObjective:  # noqa: ANN401  (any setting)
    made = RolloutObjective(P4Settings(**knobs), data(1))
    made.start_epoch(epoch)
    return made


def loaded(horizon: int = 1) -> tuple[WindowBatches, Batch, torch.Tensor]:
    batches, batch, _ = load(data(horizon))
    return batches, replace(batch, ask=model), model(batch.contexts).requires_grad_()


def naive_rollout(rows: list[int], horizon: int, steps: int) -> float:
    """Mean over the steps that any window has of the mean over its windows."""
    means = []
    for step in range(steps):
        errors = []
        for row in rows:
            target, said = find(row, horizon + step), recursive(row, horizon + step, horizon)
            if target is not None and said is not None:
                errors.append(float(((said - BANK.vectors[target]) ** 2).mean()))
        means += [np.mean(errors)] if errors else []
    return float(np.mean(means))


def naive_tempted(rows: list[int], at: float = 0.6, width: float = 0.05) -> float:
    found = []
    for row in rows:
        last, target = (BANK.vectors[row + step].astype(np.float64) for step in (0, 1))
        found.append(1.0 / (1.0 + math.exp(-(cosine(last, target) - at) / width)))
    return float(np.mean(found))


@pytest.mark.parametrize("horizon", [1, 2])
@pytest.mark.parametrize("steps", [1, 3, 9])  # eleven chunks behind a window: no article has so many
def test_the_error_is_that_of_a_loop_over_steps_and_windows(horizon: int, steps: int) -> None:
    batches, batch, predictions = loaded(horizon)
    found = rollout_error(predictions, batch, batches, steps=steps)
    assert number(found) == pytest.approx(naive_rollout(batch.last_rows.tolist(), horizon, steps), rel=1e-5)


def test_shares_of_a_batch_average_to_the_whole_of_it() -> None:
    batches, batch, _ = loaded()
    rows, parts = batch.last_rows.numpy(), []
    for part in np.array_split(rows, 2):
        mine = replace(batches.gather(part, rows), ask=model)
        error = rollout_error(model(mine.contexts), mine, batches, steps=3)
        parts.append(number(error) * len(part) / len(rows))
    assert sum(parts) == pytest.approx(naive_rollout(rows.tolist(), 1, 3), rel=1e-5)


@pytest.mark.parametrize(
    ("epoch", "rolling", "guarding"),
    [(1, 0.0, False), (3, 0.0, False), (4, 0.05, False), (5, 0.05, False), (6, 0.05, True), (7, 0.1, True)],
)
def test_what_the_push_weighs_in_each_epoch(epoch: int, rolling: float, guarding: bool) -> None:
    made = objective(epoch)
    batches, batch, predictions = loaded()
    terms = made.terms(predictions, batch, batches)
    rows = batch.last_rows.tolist()
    guards = 0.002 * (1.0 + naive_tempted(rows)) if guarding else 0.0
    weight = made.weight(terms.detached())
    assert float(weight.value) == pytest.approx(guards + rolling, rel=1e-5)
    alone = objective(6, rollout_epochs=(99, 99)).terms(predictions, batch, batches)  # p3's push
    expected = guards * number(alone.push) + (rolling * naive_rollout(rows, 1, 3) if rolling else 0.0)
    assert float(weight.value) * number(terms.push) == pytest.approx(expected, rel=1e-5, abs=1e-12)


def test_guards_weigh_more_where_a_copy_is_tempting() -> None:
    batches, batch, predictions = loaded()
    values = []
    for tempting in (-1.0, 3.0):  # every copy, and none
        made = objective(6, tempting=tempting, rollout_epochs=(99, 99))
        values.append(float(made.weight(made.terms(predictions, batch, batches).detached()).value))
    assert values == pytest.approx([0.004, 0.002], rel=1e-3)


def test_softening_halves_both() -> None:
    made = objective(7)
    terms = torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, 0.5])
    before = float(made.weight(terms).value)
    made.soften()
    assert float(made.weight(terms).value) == pytest.approx(before / 2)
    assert before == pytest.approx(0.002 * 1.5 + 0.1)


def test_the_gradient_is_that_of_finite_differences() -> None:
    batches, batch, _ = loaded()
    few = replace(batches.gather(batch.last_rows.numpy()[:3]), ask=model)
    predictions = model(few.contexts).requires_grad_()

    def loss(given: torch.Tensor) -> torch.Tensor:
        return rollout_error(given, few, batches, steps=3)

    assert torch.autograd.gradcheck(loss, [predictions])


def test_it_shows_the_noise_of_p3() -> None:
    assert TRAINER.noise(P4Settings()) == RandomLast(0.05)


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"rollout_steps": 0}, "rollout_steps must be a whole number of at least 1; found 0"),
        ({"rollout_epochs": (7, 4)}, "rollout_epochs needs two ascending epochs from 1; found 7 4"),
        ({"rollout_weights": (0.0, 0.1)}, "rollout_weights must lie above 0 and below inf; found 0.0"),
        ({"tempting_width": 0.0}, "tempting_width must lie above 0 and below inf; found 0.0"),
    ],
)
def test_knobs_out_of_range_are_refused(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        P4Settings(**knobs)
    assert str(refused.value) == message
