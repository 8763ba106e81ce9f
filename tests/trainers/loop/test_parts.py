"""What a run is put together from: groups of parameters, and an objective that learns one of its own."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tests.trainers.fitting import MakeJob, settings
from trainers.loop.batches import Batch, WindowBatches
from trainers.loop.objective import Terms, Weight
from trainers.loop.parts import Learned, Parts, plain_parts
from trainers.loop.setup import make_learner
from trainers.loop.step import Stepper
from trainers.processes import Group
from trainers.recipes.mse import MeanSquaredError


class DoubledError(MeanSquaredError):
    """The squared error counts twice, and the push is the square of a number that is learned here."""

    def __init__(self) -> None:
        super().__init__("DOUBLED")
        self.number = nn.Parameter(torch.tensor(3.0))

    def terms(self, predictions: torch.Tensor, batch: Batch, batches: WindowBatches) -> Terms:
        plain = super().terms(predictions, batch, batches)
        return Terms(plain.mse, self.number**2, plain.pos, plain.neg, plain.gap)

    def weight(self, terms: torch.Tensor) -> Weight:
        return Weight(terms.new_ones(()), terms.new_zeros(()), 2.0)


class Halved(Group):
    """The second process of two holds what makes every sum half as much again."""

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        return values * 1.5


def parts(make_job: MakeJob, objective: DoubledError) -> Parts:
    dataset, own = make_job(horizon=1).dataset, Learned((objective.number,), pace=10.0, decays=False)
    chosen = settings("p1", architecture="linear", layers=None, width=None, heads=None)
    plain = plain_parts(
        dataset, chosen, objective, dress=lambda module: module, extra_inputs=0, noise=None,
        chosen=lambda: None, stop=lambda gates: "",
    )  # fmt: skip
    return replace(plain, groups=lambda module: (*plain.groups(module), own))


def test_each_group_has_its_pace_and_its_decay(make_job: MakeJob) -> None:
    objective = DoubledError()
    chosen = settings("p1", weight_decay=0.25)
    learner = make_learner(nn.Linear(2, 2), chosen, parts(make_job, objective), lr=0.5)
    first, own = learner.optimizer.param_groups
    assert (first["lr"], first["weight_decay"]) == (0.5, 0.25)
    assert (own["lr"], own["weight_decay"]) == (5.0, 0.0)
    assert own["params"] == [objective.number]


@pytest.mark.parametrize(("group", "share"), [(Group(), 1.0), (Halved(0, 2), 0.75)])
def test_what_the_objective_learns_is_stepped_clipped_and_averaged(
    group: Group, share: float, make_job: MakeJob
) -> None:
    objective, dataset = DoubledError(), make_job(horizon=1).dataset
    module = nn.Sequential(nn.Flatten(), nn.Linear(5 * 16, 16))
    batches = WindowBatches(dataset, "train", device=torch.device("cpu"), seed=0)
    optimizer = torch.optim.SGD([*module.parameters(), objective.number], lr=0.0)
    chosen = settings("p1", clip=1e9)
    alone = Stepper(module, module, batches, Group(), chosen)
    rows = batches.last_rows[:8]
    figures = alone.take(rows, optimizer, objective)
    assert figures[0] == pytest.approx(2.0 * float(figures[1]) + 9.0)
    assert objective.number.grad is not None
    assert float(objective.number.grad) == pytest.approx(6.0)  # of number**2 at 3
    mine = np.asarray(module[1].weight.grad)
    objective.number.grad = torch.tensor(6.0)
    Stepper(module, module, batches, group, chosen)._average_apart([*module.parameters(), objective.number])
    assert float(objective.number.grad) == pytest.approx(6.0 * share)
    assert np.array_equal(np.asarray(module[1].weight.grad), mine)
