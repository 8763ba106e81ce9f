"""What p6c allows: budget, cap and margin asked for by hand; its state, its line and its settings."""

import math
from typing import Any

import numpy as np
import pytest

from schemas.errors import UsageError
from schemas.records.history import FIGURES
from tests.trainers.duals import even, p6c, same, told, with_dual
from tests.trainers.tiny import WIDTH, data, load, number, through_a_file
from trainers.recipes.p6c import (
    ADVANCE,
    HEAVIEST,
    LIGHTEST,
    RETREAT,
    BudgetedObjective,
    P6cSettings,
)


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
