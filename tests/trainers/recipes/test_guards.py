"""The late guard: terms against a loop over windows, and when it pushes."""

from typing import Any

import numpy as np
import pytest
import torch

from schemas.errors import UsageError
from tests.trainers.tiny import cosine, data, load, naive_mse, number, pairs, through_a_file
from trainers.loop.selection import RULE
from trainers.recipes.guards import GuardedObjective, GuardSettings


def guarded(horizon: int = 1, **knobs: Any) -> GuardedObjective:  # noqa: ANN401  (any setting)
    return GuardedObjective("P guard", GuardSettings(**knobs), data(horizon))


@pytest.mark.parametrize(("horizon", "k"), [(1, -2), (2, -3)])
def test_terms_are_those_of_a_loop_over_windows(horizon: int, k: int) -> None:
    objective, dataset = guarded(horizon, guard_margin=0.3), data(horizon)
    assert objective.negative == f"context[-2] (k = {k})"
    objective.start_epoch(6)
    batches, batch, predictions = load(dataset)
    terms = objective.terms(predictions, batch, batches)
    found = list(pairs(dataset, predictions, k))
    assert len(found) == len(batch.targets)
    pos, neg = ([cosine(p, other) for p, *others in found for other in others[i : i + 1]] for i in (0, 1))
    gaps = [a - b for a, b in zip(pos, neg, strict=True)]
    assert any(gap > 0.3 for gap in gaps)  # windows that need no push
    for value, expected in (
        (terms.mse, naive_mse(dataset, predictions)),
        (terms.pos, np.mean(pos)),
        (terms.neg, np.mean(neg)),
        (terms.gap, np.mean(gaps)),
        (terms.push, np.mean([max(0.0, 0.3 - gap) for gap in gaps])),
    ):
        assert number(value) == pytest.approx(float(expected), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(("epoch", "weight"), [(1, 0.0), (5, 0.0), (6, 0.002), (12, 0.002)])
def test_it_begins_in_the_sixth_epoch(epoch: int, weight: float) -> None:
    objective = guarded()
    objective.start_epoch(epoch)
    batches, batch, predictions = load(data(1))
    terms = objective.terms(predictions, batch, batches)
    assert (number(terms.push) > 0.0) == (weight > 0.0)
    found = objective.weight(terms.detached())
    assert float(found.value) == pytest.approx(weight)
    assert float(found.clamped) == 0.0


def test_it_softens_by_half_and_continues_as_it_was() -> None:
    objective, again = guarded(guards_from=1), guarded(guards_from=1)
    objective.soften()
    again.load(through_a_file(objective.state()))
    for each in (objective, again):
        each.start_epoch(1)
        assert float(each.weight(torch.zeros(5)).value) == pytest.approx(0.001)


def test_it_keeps_what_the_gates_choose() -> None:
    objective = guarded()
    objective.end_epoch(-1.0, -1.0)
    assert objective.admissible(-1.0)
    assert (objective.rule, objective.margin) == (RULE, None)
    means = {"lambda_eff": 0.002, "push": 0.0041, "pos": 0.52, "neg": 0.468, "gap": 0.052}
    assert objective.line(means) == "[P guard] λ=0.002 push=0.0041 pos=0.520 neg=0.468 gap=0.052 (k=-2)"


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"guards_from": 0}, "guards_from must be a whole number of at least 1; found 0"),
        ({"guard_weight": -1.0}, "guard_weight must lie above 0 and below inf; found -1.0"),
        ({"guard_margin": 2.0}, "guard_margin must lie above 0 and below 2; found 2.0"),
    ],
)
def test_knobs_out_of_range_are_refused(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        GuardSettings(**knobs)
    assert str(refused.value) == message


def test_a_context_of_one_has_no_second_last_chunk() -> None:
    with pytest.raises(UsageError, match="needs a context of at least 2 chunks; found 1"):
        GuardedObjective("P", GuardSettings(), data(1, context=1))
