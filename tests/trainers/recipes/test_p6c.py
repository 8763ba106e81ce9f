"""What p6c minimises: terms against a loop over windows, running gaps and dual variable by hand."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.bank import build_bank
from gates.contracts import Window
from gates.windows import make_dataset, window_rows
from schemas.records.history import FIGURES
from tests.trainers.duals import even, p6c, same, told, with_dual
from tests.trainers.tiny import WIDTH, cosine, data, load, naive_mse, number, pairs, through_a_file
from trainers.loop.selection import RULE
from trainers.recipes.p6c import (
    HEAVIEST,
    MEMORY,
    NEIGHBOURS,
    BudgetedObjective,
    P6cSettings,
)


def test_p6c_watches_all_six_neighbours() -> None:
    assert NEIGHBOURS == (-3, -2, -1, 1, 2, 3)
    assert p6c().negative == "the hardest of k = -3..-1, 1..3"
    assert p6c().margin is None
    assert (
        p6c(cos_budget=0.03).rule == f"val cosine at most 0.03 below the best of the MSE epochs, then {RULE}"
    )


@pytest.mark.parametrize("horizon", [1, 2])
@pytest.mark.parametrize("hardest", range(6))
def test_p6c_terms_are_those_of_a_loop_over_windows(horizon: int, hardest: int) -> None:
    dataset = data(horizon)
    objective = BudgetedObjective(P6cSettings(margin=0.3), dataset)
    objective.start_epoch(7)
    gaps = torch.full((6,), 0.5)
    gaps[hardest] = 0.1
    objective.load({**objective.state(), "gaps": gaps, "seen": torch.full((6,), 1000.0)})
    batches, batch, predictions = load(dataset)
    terms = objective.terms(predictions, batch, batches)
    windows = len(batch.targets)
    means, shares = [], []
    for k in NEIGHBOURS:
        found = [cosine(p, t) - cosine(p, n) for p, t, n in pairs(dataset, predictions, k)]
        means.append(np.mean(found))
        shares.append(len(found) / windows)
    assert min(shares) < 1.0  # some windows lie too near to an end for k = 3
    pos = np.mean([cosine(p, t) for p, t, _ in pairs(dataset, predictions, 0)])
    for value, expected in (
        (terms.mse, naive_mse(dataset, predictions)),
        (terms.pos, pos),
        (terms.gap, means[hardest]),
        (terms.neg, pos - means[hardest]),
        (terms.push, 2.0 / WIDTH * (0.3 - means[hardest])),
    ):
        assert number(value) == pytest.approx(float(expected), rel=1e-5, abs=1e-6)
    assert terms.more is not None
    sums = np.array(means) * np.array(shares)
    assert terms.more.tolist() == pytest.approx([*sums.tolist(), *shares], abs=1e-6)


def test_a_step_down_the_push_widens_the_hardest_gap() -> None:
    objective = with_dual(0.5, 0.1)
    batches, batch, predictions = load(data())
    terms = objective.terms(predictions, batch, batches)
    terms.push.backward()  # type: ignore[no-untyped-call]
    assert predictions.grad is not None
    moved = predictions.detach() - 0.1 * predictions.grad
    assert number(objective.terms(moved, batch, batches).gap) > number(terms.gap) + 1e-4


@pytest.mark.parametrize(
    ("knobs", "first"),
    [
        ({}, 7),  # half of 12 epochs without a push
        ({"epochs": 5}, 3),
        ({"epochs": 1}, 2),
        ({"mse_epochs": 1}, 2),
        ({"epochs": 4, "mse_epochs": 4}, 5),
    ],
)
def test_p6c_does_not_push_in_the_mse_epochs(knobs: dict[str, Any], first: int) -> None:
    objective = BudgetedObjective(P6cSettings(**knobs), data())
    batches, batch, predictions = load(data())
    for epoch in range(1, first):
        objective.start_epoch(epoch)
        terms = objective.terms(predictions, batch, batches)
        weight = objective.weight(terms.detached())
        assert (number(terms.push), float(weight.value), float(weight.clamped)) == (0.0, 0.0, 0.0)
        assert not terms.push.requires_grad
    objective.start_epoch(first)
    terms = objective.terms(predictions, batch, batches)
    assert number(terms.push) > 0.0
    assert float(objective.weight(terms.detached()).value) > 0.0


def test_the_dual_rises_while_the_margin_is_missing() -> None:
    objective = with_dual(0.0, 0.04)
    # Asked 0.10, gap 0.04, rate 0.05: 0.003 a step.
    duals = [float(objective.weight(even(0.04)).value) for _ in range(4)]
    assert duals == pytest.approx([0.003, 0.006, 0.009, 0.012], rel=1e-4)


def test_the_dual_falls_where_there_is_more_than_asked_for() -> None:
    objective = with_dual(0.5, 0.3)
    # Asked 0.10, gap 0.30: -0.01 a step.
    duals = [float(objective.weight(even(0.3)).value) for _ in range(4)]
    assert duals == pytest.approx([0.49, 0.48, 0.47, 0.46], rel=1e-4)


@pytest.mark.parametrize(
    ("dual", "gap", "value", "clamped"),
    [
        (0.999, -1.0, 1.0, 1.0),  # wanted 0.999 + 0.05 * 1.1; the cap begins at 1
        (0.5, -1.0, 0.555, 0.0),
        (0.001, 1.0, 0.0, None),  # wanted 0.001 - 0.05 * 0.9
    ],
)
def test_the_dual_stays_between_zero_and_its_cap(
    dual: float, gap: float, value: float, clamped: float | None
) -> None:
    weight = with_dual(dual, gap).weight(even(gap))
    assert float(weight.value) == pytest.approx(value, abs=1e-6)
    if clamped is not None:
        assert float(weight.clamped) == clamped


@pytest.mark.parametrize(
    ("dual", "gap", "clamped"),
    [
        (0.0, 0.25, 1.0),  # wanted 0 + 0.05 * (0.125 - 0.25)
        (0.005, 0.25, 1.0),  # wanted 0.005 - 0.00625
        (0.0, 0.125, 0.0),  # wanted exactly 0: no bound decides
    ],
)
def test_the_dual_at_its_lower_bound_is_clamped(dual: float, gap: float, clamped: float) -> None:
    objective = p6c(margin=0.125)
    objective.load({**objective.state(), "dual": torch.tensor(dual)})
    weight = objective.weight(even(gap))
    assert (float(weight.value), float(weight.clamped)) == (0.0, clamped)


@settings(max_examples=60, deadline=None)
@given(
    events=st.lists(
        st.one_of(
            st.floats(-2.0, 2.0).map(lambda gap: ("step", gap)),
            st.floats(-1.0, 1.0).map(lambda cosine: ("epoch", cosine)),
            st.just(("soften", 0.0)),
        ),
        max_size=40,
    ),
    rate=st.floats(0.01, 5.0),
)
def test_nothing_drives_the_dual_out_of_its_bounds(events: list[tuple[str, float]], rate: float) -> None:
    objective = p6c(dual_rate=rate)
    objective.baseline = 0.5
    cap = HEAVIEST
    for what, value in events:
        if what == "step":
            objective.weight(even(value))
        elif what == "epoch":
            objective.end_epoch(value, 0.0)
        else:
            objective.soften()
        assert objective.cap <= cap
        cap = objective.cap
        assert 0.0 <= float(objective.dual) <= cap + 1e-7
        assert 0.1 <= objective.asked <= 0.2


@settings(max_examples=40, deadline=None)
@given(
    stream=st.lists(
        st.lists(st.floats(-1.0, 1.0, width=32), min_size=6, max_size=6), min_size=1, max_size=70
    ),
    rate=st.floats(0.01, 1.0),
)
def test_the_dual_follows_the_running_gap_of_the_hardest_offset(
    stream: list[list[float]], rate: float
) -> None:
    objective = p6c(dual_rate=rate)
    running, dual = np.zeros(6), 0.0
    for step, gaps in enumerate(stream, start=1):
        # A plain mean over the first 50 steps, from then on 0.98 of the past.
        memory = (step - 1) / step if step <= 50 else 0.98
        running = memory * running + (1.0 - memory) * np.array(gaps)
        dual = min(max(dual + rate * (0.1 - running.min()), 0.0), 1.0)
        assert float(objective.weight(told(gaps)).value) == pytest.approx(dual, abs=1e-4)


def test_an_offset_that_a_batch_lacks_keeps_its_running_gap() -> None:
    objective = with_dual(0.5, 0.2)
    # The first offset exists in a quarter of the windows and has a mean gap of 0.4 there; the last in none.
    gaps, counts = [0.4, 0.2, 0.2, 0.2, 0.2, 0.9], [0.25, 1.0, 1.0, 1.0, 1.0, 0.0]
    objective.weight(told(gaps, counts=counts))
    # 0.98 * 0.2 + 0.02 * 0.4 = 0.204
    assert objective.gaps.tolist() == pytest.approx([0.204, 0.2, 0.2, 0.2, 0.2, 0.2], abs=1e-6)


def test_an_offset_that_no_article_is_long_enough_for_is_never_the_hardest() -> None:
    # Four articles of chunks 0 to 5: a context of 4 and a horizon of 2 leave one target each, chunk 5.
    vectors = np.random.default_rng(3).standard_normal((24, WIDTH)) + 0.3
    bank = build_bank(vectors, np.repeat(np.arange(4), 6), np.tile(np.arange(6), 4), source="short")
    rows = window_rows(bank, None, Window(4, 2))
    dataset = make_dataset(bank, {"train": rows}, Window(4, 2))
    assert bank.chunks[rows + 2].tolist() == [5] * 4
    batches, batch, _ = load(dataset)
    # Predictions that are their targets: no gap is 0 or below, as one that nobody has seen might be.
    unit = bank.vectors.astype(np.float64)
    means = [np.mean([1.0 - cosine(unit[t], unit[t + k]) for t in rows + 2]) for k in (-3, -2, -1)]
    smallest = float(min(means))
    assert smallest > 0.1
    objective = BudgetedObjective(P6cSettings(margin=1.5), dataset)
    objective.start_epoch(7)
    for step in (1, 2):
        weight = objective.weight(objective.terms(batch.targets, batch, batches).detached())
        assert float(weight.value) == pytest.approx(step * 0.05 * (1.5 - smallest), abs=1e-5)
    assert objective.gaps.tolist() == pytest.approx([*means, math.inf, math.inf, math.inf], abs=1e-6)
    assert objective.seen.tolist() == [2.0, 2.0, 2.0, 0.0, 0.0, 0.0]
    terms = objective.terms(batch.targets, batch, batches)
    assert number(terms.gap) == pytest.approx(smallest, abs=1e-6)
    assert number(terms.push) == pytest.approx(2.0 / WIDTH * (1.5 - smallest), abs=1e-6)
    hardest = (-3, -2, -1)[int(np.argmin(means))]
    assert f"(k={hardest:+d})" in objective.line(dict.fromkeys(FIGURES, 0.1))
    # What was never seen is not seen after a pause either.
    again = BudgetedObjective(P6cSettings(margin=1.5), dataset)
    again.load(through_a_file(objective.state()))
    assert same(again.state(), objective.state())


@pytest.mark.parametrize("steps", [0, 1, 10, 80])
@pytest.mark.parametrize("late", [0, 5])
def test_an_offset_first_seen_late_starts_from_its_own_gap(steps: int, late: int) -> None:
    objective = p6c()
    gaps, counts = [0.4] * 6, [1.0] * 6
    counts[late] = 0.0
    for _ in range(steps):
        objective.weight(told(gaps, counts=counts))
    assert objective.seen[late] == 0.0
    assert objective.gaps[late] == math.inf
    counts[late] = 0.25
    # Its own plain mean: 0.3, then (0.3 + 0.1) / 2, then (0.3 + 0.1 + 0.5) / 3.
    for seen, (gap, mean) in enumerate([(0.3, 0.3), (0.1, 0.2), (0.5, 0.3)], start=1):
        gaps[late] = gap
        objective.weight(told(gaps, counts=counts))
        expected, times = [0.4] * 6, [float(steps + seen)] * 6
        expected[late], times[late] = mean, float(seen)
        assert objective.gaps.tolist() == pytest.approx(expected, abs=1e-6)
        assert objective.seen.tolist() == times


@settings(max_examples=40, deadline=None)
@given(
    stream=st.lists(
        st.tuples(
            st.lists(st.floats(-1.0, 1.0, width=32), min_size=6, max_size=6),
            st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=6, max_size=6),
        ),
        min_size=1,
        max_size=70,
    ),
    start=st.integers(0, 60),
)
def test_every_offset_keeps_its_own_running_gap(
    stream: list[tuple[list[float], list[float]]], start: int
) -> None:
    """``start``: how often k = -3 was seen before, always at a gap of 0.2."""
    assert MEMORY == 0.98
    objective = p6c(1)
    running, seen = [math.inf] * 6, [0] * 6
    if start:
        running[0], seen[0] = 0.2, start
        held = {"gaps": torch.tensor(running), "seen": torch.tensor(seen, dtype=torch.float32)}
        objective.load({**objective.state(), **held})
    for gaps, counts in stream:
        objective.weight(told(gaps, counts=counts))
        for k in range(6):
            if counts[k] > 0.0:
                seen[k] += 1
                memory = min((seen[k] - 1) / seen[k], 0.98)
                running[k] = gaps[k] if seen[k] == 1 else memory * running[k] + (1.0 - memory) * gaps[k]
        assert objective.gaps.tolist() == pytest.approx(running, abs=1e-5)
        assert objective.seen.tolist() == seen


def test_the_weight_of_p6c_does_not_know_the_error() -> None:
    weights = []
    for head in (0.0, 0.001, 5.0):
        objective = with_dual(0.3, 0.05)
        weights.append([float(objective.weight(told([0.05] * 6, head=head)).value) for _ in range(5)])
    assert weights[0] == weights[1] == weights[2]
