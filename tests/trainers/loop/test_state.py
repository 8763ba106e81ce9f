"""All that changes in a run becomes plain values and tensors, and comes back whole."""

import json

import pytest
import torch
from torch import nn

from schemas.errors import TrainingError
from schemas.records.history import FIGURES, Epoch, Steps, Warned
from tests.trainers.tiny import through_a_file
from trainers.loop.collapse import Watch
from trainers.loop.selection import Standing
from trainers.loop.state import Learner, State, fresh_state, pack, unpack
from trainers.recipes.mse import MeanSquaredError

CPU = torch.device("cpu")
MEANS = dict.fromkeys(FIGURES, 0.5)


def learner(width: int = 3) -> Learner:
    module = nn.Linear(width, 2)
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", factor=0.5, patience=0)
    return Learner(module, optimizer, scheduler, MeanSquaredError("P6"))


def trained(parts: Learner) -> Learner:
    """Two steps and a stall, so that optimiser and scheduler have something to remember."""
    for _ in range(2):
        parts.optimizer.zero_grad()
        parts.module(torch.ones(4, 3)).square().mean().backward()
        parts.optimizer.step()
        parts.scheduler.step(0.1)
    return parts


def busy() -> State:
    state = fresh_state(Watch(0.2), CPU)
    state.interval += 1.5
    state.interval_steps, state.epoch, state.step, state.samples, state.seconds = 3, 2, 7, 210, 1.25
    state.steps = [Steps(5, MEANS)]
    state.best = Standing(
        admissible=True, sound=True, gain=0.0, gates_passed=2, margin=0.1, recall=0.9, cosine=0.5
    )
    state.best_epoch, state.rollbacks = 1, 1
    state.epochs = [Epoch(1, 300, 2.0, 0.1, (Steps(9, MEANS),), None)]
    state.warnings = [Warned("gap_falling", "sentence", True, 1, 4)]
    return state


def test_a_fresh_state_is_before_the_first_step() -> None:
    state = fresh_state(Watch(0.2), CPU)
    assert (state.epoch, state.step, state.ended, state.best) == (1, 0, "", None)
    assert state.interval.tolist() == [0.0] * len(FIGURES)
    assert int(state.bad) == 0


def test_what_was_packed_comes_back_through_a_file() -> None:
    before, parts = busy(), trained(learner())
    random = [{"cpu": torch.arange(4)}, {"cpu": torch.arange(5)}]
    saved = through_a_file(pack(before, parts, random))
    after, fresh = fresh_state(Watch(0.9), CPU), learner()
    found = unpack(saved, after, fresh)
    assert [each["cpu"].tolist() for each in found] == [[0, 1, 2, 3], [0, 1, 2, 3, 4]]
    for name, value in vars(before).items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, getattr(after, name)), name
        elif name == "watch":
            assert after.watch.state() == before.watch.state()
        else:
            assert getattr(after, name) == value, name
    assert fresh.optimizer.param_groups[0]["lr"] == parts.optimizer.param_groups[0]["lr"] < 0.1
    # The next step is the same step.
    trained(parts)
    trained(fresh)
    assert torch.equal(parts.module.get_parameter("weight"), fresh.module.get_parameter("weight"))


def test_a_state_of_an_older_version_holds_the_figures_themselves() -> None:
    before, after = busy(), fresh_state(Watch(0.9), CPU)
    saved = pack(before, learner(), [])
    for name in ("steps", "epochs", "warnings"):
        text = saved[name]
        assert isinstance(text, str)
        saved[name] = json.loads(text)
    unpack(through_a_file(saved), after, learner())
    assert (after.steps, after.epochs, after.warnings) == (before.steps, before.epochs, before.warnings)


def test_a_collapse_is_not_saved() -> None:
    state = busy()
    state.collapse = "lost: it fell"
    again = fresh_state(Watch(0.2), CPU)
    unpack(through_a_file(pack(state, learner(), [])), again, learner())
    assert again.collapse == ""


@pytest.mark.parametrize("text", ["{", '{"epoch": 1}', "[1]"])
def test_figures_that_are_none_are_none_of_this_run(text: str) -> None:
    saved = pack(busy(), learner(), []) | {"steps": text}
    with pytest.raises(TrainingError, match="the saved state does not fit this run: "):
        unpack(saved, fresh_state(Watch(0.2), CPU), learner())


@pytest.mark.parametrize("name", ["model", "steps", "best", "random", "epoch"])
def test_a_state_that_lacks_something_is_none_of_this_run(name: str) -> None:
    saved = pack(busy(), learner(), [])
    del saved[name]
    with pytest.raises(TrainingError, match="the saved state does not fit this run: "):
        unpack(saved, fresh_state(Watch(0.2), CPU), learner())


def test_a_state_of_other_weights_is_none_of_this_run() -> None:
    with pytest.raises(TrainingError, match=r"does not fit this run: .*Linear"):
        unpack(pack(busy(), learner(), []), fresh_state(Watch(0.2), CPU), learner(width=5))
