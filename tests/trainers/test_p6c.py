"""What p6c minimises: terms against a loop over windows, dual variable, budget and cap by hand."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.bank import build_bank
from gates.windows import make_dataset, window_rows
from schemas.errors import UsageError
from tests.trainers.tiny import WIDTH, cosine, data, load, naive_mse, number, pairs, through_a_file
from trainers.objectives import FIGURES
from trainers.p6c import (
    ADVANCE,
    HEAVIEST,
    LIGHTEST,
    MEMORY,
    NEIGHBOURS,
    RETREAT,
    BudgetedObjective,
    P6cSettings,
)
from trainers.selection import RULE


def p6c(epoch: int = 7, **knobs: Any) -> BudgetedObjective:  # noqa: ANN401  (any setting)
    """By default in its first epoch with a push."""
    objective = BudgetedObjective(P6cSettings(**knobs), data())
    objective.start_epoch(epoch)
    return objective


def told(gaps: list[float], *, counts: list[float] | None = None, head: float = 0.0) -> torch.Tensor:
    """Detached terms of a batch with these mean gaps to k = -3, -2, -1, 1, 2, 3."""
    shares = counts or [1.0] * len(NEIGHBOURS)
    sums = [gap * share for gap, share in zip(gaps, shares, strict=True)]
    return torch.tensor([head] * 5 + sums + shares)


def even(gap: float) -> torch.Tensor:
    return told([gap] * len(NEIGHBOURS))


def with_dual(value: float, gap: float, **knobs: Any) -> BudgetedObjective:  # noqa: ANN401
    """In its first epoch with a push, far into a run of this gap."""
    objective = p6c(**knobs)
    objective.load(
        {
            **objective.state(),
            "dual": torch.tensor(value),
            "gaps": torch.full((6,), gap),
            "seen": torch.full((6,), 1000.0),
        }
    )
    return objective


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        torch.equal(value, other[key]) if isinstance(value, torch.Tensor) else value == other[key]
        for key, value in one.items()
    )


def test_p6c_watches_all_six_neighbours() -> None:
    assert NEIGHBOURS == (-3, -2, -1, 1, 2, 3)
    assert p6c().negative == "the hardest of k = -3..-1, 1..3"
    assert not p6c().weighted
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
    rows = window_rows(bank, None, context=4, horizon=2)
    dataset = make_dataset(bank, {"train": rows}, context=4, horizon=2)
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


def test_the_budget_counts_from_the_best_of_the_mse_epochs() -> None:
    objective = p6c(1, cos_budget=0.0625)
    assert objective.admissible(-1.0)  # nothing is known yet
    for epoch, value in ((1, 0.375), (2, 0.5), (3, 0.4375)):
        objective.start_epoch(epoch)
        objective.end_epoch(value, 0.0)
    # 0.5 - 0.0625 = 0.4375 exactly
    assert objective.admissible(0.4375)
    assert not objective.admissible(math.nextafter(0.4375, 0.0))
    assert not objective.admissible(math.nan)
    # An epoch with a push does not move the baseline.
    objective.start_epoch(7)
    objective.end_epoch(0.9, 0.2)
    assert objective.admissible(0.4375)


def test_what_is_missing_on_val_is_asked_for_on_top() -> None:
    assert ADVANCE == 0.5
    objective = with_dual(0.3, 0.05)
    objective.baseline = 0.5
    asked = []
    for margin in (0.04, 0.10, 0.30, 0.06, -1.0, 0.0):
        objective.end_epoch(0.5, margin)
        asked.append(objective.asked)
    # 0.10 + 0.5 * 0.06; nothing missing, twice; + 0.5 * 0.04; then + 0.55, which twice the margin bounds.
    assert asked == pytest.approx([0.13, 0.13, 0.13, 0.15, 0.2, 0.2])
    assert [objective.cap, float(objective.dual)] == pytest.approx([HEAVIEST, 0.3])


def test_what_is_asked_for_drives_dual_and_push() -> None:
    objective = with_dual(0.3, 0.05)
    objective.baseline = 0.5
    batches, batch, predictions = load(data())
    before = number(objective.terms(predictions, batch, batches).push)
    objective.end_epoch(0.5, 0.04)  # 0.10 becomes 0.13
    assert number(objective.terms(predictions, batch, batches).push) == pytest.approx(
        before + 2.0 / WIDTH * 0.03, abs=1e-6
    )
    # 0.3 + 0.05 * (0.13 - 0.05)
    assert float(objective.weight(even(0.05)).value) == pytest.approx(0.304, abs=1e-6)


def test_nothing_is_asked_on_top_in_the_mse_epochs() -> None:
    objective = p6c(1)
    objective.end_epoch(0.5, -1.0)
    assert (objective.asked, objective.cap) == (0.1, HEAVIEST)


def test_an_overdrawn_budget_lowers_the_cap_for_good() -> None:
    assert (RETREAT, HEAVIEST) == (0.7, 1.0)
    objective = with_dual(0.4, 0.0)
    objective.baseline = 0.5
    objective.end_epoch(0.44, 0.0)  # 0.05 are allowed
    # 0.7 * 0.4 = 0.28; the margin, missing as well, is not asked for on top.
    assert objective.cap == pytest.approx(0.28)
    assert float(objective.dual) == pytest.approx(0.28)
    assert objective.asked == 0.1
    weight = objective.weight(even(0.0))
    assert [float(weight.value), float(weight.clamped)] == pytest.approx([0.28, 1.0])
    objective.end_epoch(0.5, 0.2)
    assert objective.cap == pytest.approx(0.28)


def test_p6c_softens_by_half() -> None:
    objective = with_dual(0.4, 0.0)
    for expected in (0.2, 0.1):
        objective.soften()
        assert [objective.cap, float(objective.dual)] == pytest.approx([expected, expected])
        assert float(objective.weight(even(0.0)).value) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("retreats", "dual", "caps"),
    [
        # A dual below 0.05 counts as 0.05: 0.5 * 0.05 or 0.7 * 0.05, however often.
        ("soften soften soften", 0.0, [0.025, 0.025, 0.025]),
        ("overdraw overdraw overdraw", 0.0, [0.035, 0.035, 0.035]),
        ("overdraw soften overdraw", 0.0, [0.035, 0.025, 0.025]),  # 0.7 * 0.05 would raise it again
        ("soften overdraw", 0.04, [0.025, 0.025]),
        ("overdraw soften", 0.04, [0.035, 0.025]),
        # From 0.05 on it counts as what it is: 0.5 * 0.06, then 0.7 * 0.05 against 0.03.
        ("soften overdraw", 0.06, [0.03, 0.03]),
        ("overdraw soften", 0.8, [0.56, 0.28]),
    ],
)
def test_a_retreat_leaves_a_cap_above_zero_that_never_rises(
    retreats: str, dual: float, caps: list[float]
) -> None:
    assert LIGHTEST == 0.05
    objective = with_dual(dual, 0.0)
    objective.baseline = 0.5
    for retreat, cap in zip(retreats.split(), caps, strict=True):
        if retreat == "soften":
            objective.soften()
        else:
            objective.end_epoch(0.4, 0.2)  # 0.45 is the least
        assert objective.cap == pytest.approx(cap)
        assert float(objective.dual) == pytest.approx(min(dual, cap))
    # The push may grow again, up to there: 60 steps of 0.05 * (0.1 - 0).
    for _ in range(60):
        weight = objective.weight(even(0.0))
    assert [float(weight.value), float(weight.clamped)] == pytest.approx([caps[-1], 1.0])


@pytest.mark.parametrize(
    ("dual", "margin", "cap"),
    [
        (1.0, -0.1, 0.05),
        (1.0, 0.0, 0.05),
        (1.0, 0.01, 1.0),  # there is a margin to win
        (0.9, -0.1, 1.0),  # the push may still grow
    ],
)
def test_the_heaviest_push_without_a_margin_is_given_up(dual: float, margin: float, cap: float) -> None:
    objective = with_dual(dual, 0.0)
    objective.baseline = 0.5
    objective.end_epoch(0.5, margin)
    assert objective.cap == cap
    assert float(objective.dual) == pytest.approx(min(dual, cap))
    # Given up, no more is asked for; otherwise half of what is missing.
    assert objective.asked == pytest.approx(0.1 if cap < 1.0 else min(0.1 + 0.5 * (0.1 - margin), 0.2))


@pytest.mark.parametrize("stop", [1, 30, 60])
def test_p6c_continues_as_it_was(stop: int) -> None:
    rng = np.random.default_rng(stop)

    def go(objectives: list[BudgetedObjective], count: int) -> None:
        for _ in range(count):
            terms = told(rng.uniform(-0.3, 0.3, 6).tolist())
            weights = [objective.weight(terms) for objective in objectives]
            assert len({float(weight.value) for weight in weights}) == 1
            assert len({float(weight.clamped) for weight in weights}) == 1

    objective = p6c(1, dual_rate=0.5)
    go([objective], 5)
    objective.end_epoch(0.5, -0.1)
    objective.start_epoch(7)
    go([objective], stop)
    objective.end_epoch(0.5, 0.04)
    objective.end_epoch(0.4, 0.04)  # overdrawn, so that the cap is no longer the first
    saved = objective.state()
    assert 0.0 < objective.cap < HEAVIEST
    kept = through_a_file(saved)
    again = p6c(dual_rate=0.5)
    again.load(kept)
    assert same(again.state(), saved)
    go([objective, again], 20)
    for one in (objective, again):
        one.end_epoch(0.3, 0.0)
    assert same(again.state(), objective.state())
    means = dict.fromkeys(FIGURES, 0.1)
    assert again.line(means) == objective.line(means)
    assert same(saved, kept)  # going on does not change what was saved
    assert not same(saved, objective.state())


@pytest.mark.parametrize(
    ("epoch", "line"),
    [
        (6, "[P6c dir] λ=0.000 pos=0.580 hardest=0.482 (k=-1) gap=+0.098 asked=0.000"),
        (7, "[P6c dir] λ=0.412 pos=0.580 hardest=0.482 (k=-1) gap=+0.098 asked=0.100"),
    ],
)
def test_the_line_of_p6c(epoch: int, line: str) -> None:
    objective = p6c(epoch)
    objective.weight(told([0.3, 0.2, 0.098, 0.15, 0.2, 0.3]))
    means = {"lambda_eff": 0.412 if epoch == 7 else 0.0, "pos": 0.58, "neg": 0.482, "gap": 0.098}
    assert objective.line(means) == line


def test_the_line_of_p6c_names_an_offset_after_the_target() -> None:
    objective = p6c()
    objective.weight(told([0.3, 0.2, 0.1, -0.05, 0.2, 0.3]))
    means = {"lambda_eff": 1.0, "pos": 0.5, "neg": 0.55, "gap": -0.05}
    assert objective.line(means) == (
        "[P6c dir] λ=1.000 pos=0.500 hardest=0.550 (k=+1) gap=-0.050 asked=0.100"
    )


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"margin": 0.0}, "margin must lie above 0 and below 2"),
        ({"margin": 2.0}, "margin must lie above 0 and below 2"),
        ({"margin": math.nan}, "margin must lie above 0 and below 2"),
        ({"cos_budget": 0.0}, "cos_budget must lie above 0 and below 2"),
        ({"dual_rate": math.inf}, "dual_rate must lie above 0 and below inf"),
        ({"mse_epochs": 0}, "mse_epochs must lie in 1 to 12"),
        ({"epochs": 3, "mse_epochs": 4}, "mse_epochs must lie in 1 to 3"),
    ],
)
def test_p6c_refuses_bad_settings(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        P6cSettings(**knobs)


def test_a_push_at_a_lowered_cap_is_given_up_too() -> None:
    # 0.7 * 0.4 is stored as 0.28 with a rounding of float32, just below the cap in float64.
    objective = with_dual(0.4, 0.0)
    objective.baseline = 0.5
    objective.end_epoch(0.44, 0.0)  # over the budget of 0.05
    objective.end_epoch(0.5, -0.1)
    assert objective.cap <= 0.05
