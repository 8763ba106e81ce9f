"""A free run against the recursion of its definition, window by window."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.trainers.tiny import BANK, WIDTH, Floats, data, find, load
from trainers.recipes.free_running import FreeRun, free_run, there

WEIGHTS = np.random.default_rng(2).standard_normal((4 * WIDTH, WIDTH))


def model(contexts: torch.Tensor) -> torch.Tensor:
    """A map that tells places apart; its answers have any length."""
    return torch.tanh(contexts.double().flatten(1) @ torch.from_numpy(WEIGHTS))


def answer(context: list[Floats]) -> Floats:
    found: Floats = np.tanh(np.concatenate(context) @ WEIGHTS)
    return found


def recursive(last_row: int, place: int, horizon: int) -> Floats | None:
    """The prediction of the chunk ``place`` places behind a window's last one; None where something lacks."""
    context = []
    for each in range(place - horizon - 3, place - horizon + 1):
        if each <= 0:
            row = find(last_row, each)
            chunk = None if row is None else BANK.vectors[row].astype(np.float64)
        else:
            said = recursive(last_row, each, horizon)
            chunk = None if said is None else said / np.sqrt(said @ said)
        if chunk is None:
            return None
        context.append(chunk)
    return answer(context)


def run(horizon: int, steps: int) -> tuple[list[int], FreeRun]:
    batches, batch, _ = load(data(horizon))
    batch = replace(batch, ask=model)
    return batch.last_rows.tolist(), free_run(model(batch.contexts), batch, batches, steps=steps)


@pytest.mark.parametrize("horizon", [1, 2, 3])
@pytest.mark.parametrize("steps", [1, 3, 7])  # seven: the context of four holds nothing but predictions
def test_it_is_the_recursion(horizon: int, steps: int) -> None:
    rows, found = run(horizon, steps)
    lacking = 0
    for place, last_row in enumerate(rows):
        for step in range(steps):
            target = find(last_row, horizon + step)
            said = recursive(last_row, horizon + step, horizon)
            assert bool(found.exists[step, place]) == (target is not None and said is not None)
            if target is None or said is None:
                lacking += 1
                continue
            assert found.predictions[step, place].numpy() == pytest.approx(said, abs=1e-5)
            assert found.targets[step, place].tolist() == BANK.vectors[target].tolist()
    assert lacking > 0 or steps == 1


def test_the_flags_of_any_windows_are_those_of_the_run() -> None:
    batches, batch, _ = load(data(2))
    _, found = run(2, 3)
    for step in range(3):
        assert there(batch.last_rows, batches, step).tolist() == found.exists[step].tolist()


def test_the_gradient_runs_through_all_steps() -> None:
    batches, batch, predictions = load(data(1))
    found = free_run(predictions, replace(batch, ask=model), batches, steps=3)
    for step in (1, 2):
        (gradient,) = torch.autograd.grad(found.predictions[step].sum(), predictions, retain_graph=True)
        assert (gradient.abs().sum(dim=-1) > 0).all()


def test_somebody_must_be_there_to_ask() -> None:
    batches, batch, predictions = load(data(1))
    assert len(free_run(predictions, batch, batches, steps=1).predictions) == 1
    with pytest.raises(ValueError, match="gathered without a model that could be asked"):
        free_run(predictions, batch, batches, steps=2)
