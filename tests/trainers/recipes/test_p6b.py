"""What p6b minimises: terms against a loop over windows, the seed's weight and schedule by hand."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import UsageError
from tests.trainers.tiny import BANK, cosine, data, find, load, naive_mse, number, pairs, through_a_file
from trainers.loop.selection import RULE
from trainers.recipes.p6b import DirectionalObjective, P6bSettings


def p6b(horizon: int = 2, **knobs: Any) -> DirectionalObjective:  # noqa: ANN401  (any setting)
    return DirectionalObjective(P6bSettings(**knobs), data(horizon))


@pytest.mark.parametrize(
    ("previous", "horizon", "steps"),
    [
        ("context[-2]", 1, -1),
        ("context[-1]", 1, 0),
        ("context[-2]", 2, -1),
        ("context[-1]", 2, 0),
        ("skipped", 2, 1),
        ("skipped", 3, 2),
    ],
)
@pytest.mark.parametrize("epoch", [1, 6])
def test_p6b_terms_are_those_of_a_loop_over_windows(
    previous: str, horizon: int, steps: int, epoch: int
) -> None:
    """``steps``: from the window's last chunk to the negative."""
    objective, dataset = p6b(horizon, prev=previous), data(horizon)
    k = steps - horizon
    assert objective.negative == f"{previous} (k = {k})"
    objective.start_epoch(epoch)
    batches, batch, predictions = load(dataset)
    terms = objective.terms(predictions, batch, batches)
    found = list(pairs(dataset, predictions, k))
    assert len(found) == len(batch.targets)
    pos = [cosine(p, t) for p, t, _ in found]
    neg = [cosine(p, n) for p, _, n in found]
    margin = {1: 0.02, 6: 0.05}[epoch]
    push = [math.log1p(math.exp(8.0 * (margin - (a - b)))) / 8.0 for a, b in zip(pos, neg, strict=True)]
    for value, expected in (
        (terms.mse, naive_mse(dataset, predictions)),
        (terms.pos, np.mean(pos)),
        (terms.neg, np.mean(neg)),
        (terms.gap, np.mean(pos) - np.mean(neg)),
        (terms.push, np.mean(push)),
    ):
        assert number(value) == pytest.approx(float(expected), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(("previous", "steps"), [("context[-2]", -1), ("context[-1]", 0), ("skipped", 1)])
def test_p6b_pushes_away_from_the_very_row_it_names(previous: str, steps: int) -> None:
    batches, batch, _ = load(data())
    rows = [find(last_row, steps) for last_row in batch.last_rows.tolist()]
    named = torch.from_numpy(BANK.vectors[np.array(rows)])
    # A prediction equal to its negative has cosine 1 to it; to no other row does it have that.
    assert number(p6b(prev=previous).terms(named, batch, batches).neg) == pytest.approx(1.0, abs=1e-6)
    if previous != "skipped":
        assert torch.equal(named, batch.contexts[:, int(previous[8:-1])])


def seed_schedule(epoch: int) -> tuple[float, float]:
    """The seed's code: margin and target fraction; its first epoch is 0."""
    if epoch < 2:
        return 0.02, 0.10
    if epoch < 5:
        return 0.04, 0.20
    return 0.05, 0.25


@pytest.mark.parametrize("epoch", range(1, 13))
def test_p6b_follows_the_seeds_schedule(epoch: int) -> None:
    objective = p6b()
    objective.start_epoch(epoch)
    margin, fraction = seed_schedule(epoch - 1)
    assert objective.stage.margin == margin
    # MSE 0.002 and push 0.1: lambda = 0.02 fraction lies inside the clamp, and is what the fraction shows.
    weight = objective.weight(torch.tensor([0.002, 0.1, 0.0, 0.0, 0.0]))
    assert float(weight.value) == pytest.approx(0.02 * fraction, rel=1e-6)
    assert float(weight.clamped) == 0.0


@pytest.mark.parametrize(
    ("mse", "push", "expected", "clamped"),
    [
        (0.002, 0.1, 0.002, 0.0),  # 0.002 * 0.1 / 0.1
        (0.003, 0.004, 0.05, 1.0),  # 0.003 * 0.1 / 0.004 = 0.075
        (0.0001, 0.2, 0.0001, 1.0),  # 0.0001 * 0.1 / 0.2 = 0.00005
        (0.0, 0.2, 0.0001, 1.0),  # an error of 0 counts as 1e-8
        (0.002, 0.0, 0.05, 1.0),  # so does a push of 0: 0.002 * 0.1 / 1e-8
    ],
)
def test_the_weight_of_p6b(mse: float, push: float, expected: float, clamped: float) -> None:
    objective = p6b()
    objective.start_epoch(1)
    weight = objective.weight(torch.tensor([mse, push, 0.0, 0.0, 0.0]))
    assert float(weight.value) == pytest.approx(expected, rel=1e-6)
    assert float(weight.clamped) == clamped


@settings(max_examples=80, deadline=None)
@given(
    mse=st.floats(1e-10, 1.0),
    push=st.floats(1e-10, 2.0),
    fraction=st.floats(0.01, 2.0),
    epoch=st.integers(1, 12),
    high=st.floats(1e-4, 10.0),
)
def test_p6b_weighs_the_push_as_a_fraction_of_the_error(
    mse: float, push: float, fraction: float, epoch: int, high: float
) -> None:
    objective = p6b(target_frac=fraction, lambda_clamp=(1e-4, high))
    objective.start_epoch(epoch)
    share = {0.10: 0.4, 0.20: 0.8, 0.25: 1.0}[seed_schedule(epoch - 1)[1]]
    wanted = max(mse, 1e-8) * fraction * share / max(push, 1e-8)
    weight = objective.weight(torch.tensor([mse, push, 0.0, 0.0, 0.0]))
    assert float(weight.value) == pytest.approx(min(max(wanted, 1e-4), high), rel=1e-5)
    if not (math.isclose(wanted, 1e-4, rel_tol=1e-5) or math.isclose(wanted, high, rel_tol=1e-5)):
        assert float(weight.clamped) == float(not 1e-4 < wanted < high)


def test_p6b_softens_by_half() -> None:
    objective = p6b()
    terms = torch.tensor([0.002, 0.1, 0.0, 0.0, 0.0])
    weights = [float(objective.weight(terms).value)]
    for _ in range(2):
        objective.soften()
        weights.append(float(objective.weight(terms).value))
    assert weights == pytest.approx([0.002, 0.001, 0.0005], rel=1e-6)


def test_p6b_softens_a_push_at_its_upper_bound() -> None:
    objective = p6b()
    objective.start_epoch(3)
    # 0.0027 * 0.2 / 0.00427 = 0.126, far above 0.05: to halve the target fraction alone leaves 0.063.
    terms = torch.tensor([0.0027, 0.00427, 0.0, 0.0, 0.0])
    weights = [objective.weight(terms)]
    for _ in range(10):
        objective.soften()
        weights.append(objective.weight(terms))
    # 0.05 / 2 ** 9 = 0.000098 lies below the lower bound, which stays.
    expected = [0.05, 0.025, 0.0125, *(0.05 / 2**i for i in range(3, 9)), 1e-4, 1e-4]
    assert [float(weight.value) for weight in weights] == pytest.approx(expected, rel=1e-6)
    assert {float(weight.clamped) for weight in weights} == {1.0}


@settings(max_examples=60, deadline=None)
@given(
    mse=st.floats(1e-6, 1.0),
    push=st.floats(1e-6, 2.0),
    epoch=st.integers(1, 12),
    times=st.integers(0, 12),
    high=st.floats(1e-4, 1.0),
)
def test_softening_p6b_halves_whatever_decides(
    mse: float, push: float, epoch: int, times: int, high: float
) -> None:
    objective = p6b(lambda_clamp=(1e-4, high))
    objective.start_epoch(epoch)
    terms = torch.tensor([mse, push, 0.0, 0.0, 0.0])
    before = float(objective.weight(terms).value)
    for _ in range(times):
        objective.soften()
    assert float(objective.weight(terms).value) == pytest.approx(max(1e-4, before / 2**times), rel=1e-5)


def test_p6b_continues_as_it_was() -> None:
    objective, again = p6b(), p6b()
    objective.soften()
    objective.soften()
    again.load(through_a_file(objective.state()))
    assert again.state() == objective.state() == {"softness": 0.25}
    for epoch in (3, 6):
        objective.start_epoch(epoch)
        again.start_epoch(epoch)
        terms = torch.tensor([0.002, 0.1, 0.0, 0.0, 0.0])
        assert torch.equal(objective.weight(terms).value, again.weight(terms).value)


def test_p6b_does_not_listen_to_the_gates() -> None:
    objective = p6b()
    before = objective.state()
    objective.end_epoch(-1.0, -1.0)
    assert objective.state() == before
    assert objective.admissible(-1.0)
    assert (objective.rule, objective.margin) == (RULE, objective.stages[0].margin)


@pytest.mark.parametrize(
    ("epoch", "means", "line"),
    [
        # Both lines are the seed's. frac_of_mse is lambda push / MSE: 0.00235 * 0.1 / 0.0013056 = 0.18,
        (
            6,
            {"lambda_eff": 0.00235, "pos": 0.52, "neg": 0.468, "gap": 0.052, "push": 0.1, "mse": 0.0013056},
            "[P6b dir] λ_eff=0.00235 pos=0.520 neg=0.468 gap=0.052 frac_of_mse=0.18 margin=0.050",
        ),
        # and 0.00001 * 1.2 / 0.0012 = 0.01.
        (
            2,
            {"lambda_eff": 0.00001, "pos": 0.402, "neg": 0.456, "gap": -0.054, "push": 1.2, "mse": 0.0012},
            "[P6b dir] λ_eff=0.00001 pos=0.402 neg=0.456 gap=-0.054 frac_of_mse=0.01 margin=0.020",
        ),
    ],
)
def test_the_line_of_p6b_is_the_seeds(epoch: int, means: dict[str, float], line: str) -> None:
    objective = p6b()
    objective.start_epoch(epoch)
    assert objective.line(means) == line


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"gamma": 0.0}, "gamma must lie above 0"),
        ({"gamma": math.nan}, "gamma must lie above 0"),
        ({"target_frac": -0.1}, "target_frac must lie above 0"),
        ({"lambda_clamp": (0.0, 0.05)}, "lambda_clamp needs two positive ascending numbers"),
        ({"lambda_clamp": (0.05, 0.01)}, "lambda_clamp needs two positive ascending numbers"),
        ({"lambda_clamp": (0.05, math.nan)}, "lambda_clamp needs two positive ascending numbers"),
        ({"prev": "context[0]"}, "prev must be one of"),
        ({"ramp": "3:0.1:1"}, "the epochs of a ramp must ascend from 1"),
    ],
)
def test_p6b_refuses_bad_settings(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        P6bSettings(**knobs)


def test_p6b_refuses_data_without_its_negative() -> None:
    with pytest.raises(UsageError, match="no chunk is skipped at horizon 1"):
        p6b(1, prev="skipped")
    with pytest.raises(UsageError, match="needs a context of at least 2 chunks"):
        DirectionalObjective(P6bSettings(), data(context=1))
    assert DirectionalObjective(P6bSettings(prev="context[-1]"), data(context=1)).offset == -2
