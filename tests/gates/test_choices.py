"""The conditional logit against its definition in loops, and its optimum against scipy's from elsewhere."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from gates.choices import PENALTY, Choices, fit_choices
from gates.contracts import DoubleArray


def made(seed: int, windows: int = 40, size: int = 4, strength: float = 1.0) -> Choices:
    """Ragged pools whose targets were chosen with known numbers."""
    rng = np.random.default_rng(seed)
    truth = strength * rng.standard_normal(size)
    leads, rivals = [], []
    for _ in range(windows):
        features = rng.standard_normal((int(rng.integers(2, 12)), size))
        chances = np.exp(features @ truth)
        target = rng.choice(len(features), p=chances / chances.sum())
        leads.append(np.delete(features, target, axis=0) - features[target])
        rivals.append(len(features) - 1)
    return Choices(np.concatenate(leads).astype(np.float32), np.array(rivals))


def naive_cost(choices: Choices, numbers: DoubleArray) -> float:
    """Window by window, rival by rival."""
    total, first = 0.0, 0
    for count in choices.rivals.tolist():
        lines = choices.leads[first : first + count].astype(np.float64)
        weights = [math.exp(sum(a * b for a, b in zip(line, numbers, strict=True))) for line in lines]
        total += math.log2(1.0 + sum(weights))
        first += count
    return total / len(choices.rivals) + PENALTY * sum(float(x) ** 2 for x in numbers)


@pytest.mark.parametrize("seed", range(4))
def test_the_numbers_are_the_minimum_that_scipy_finds_from_elsewhere(seed: int) -> None:
    choices = made(seed)
    fitted = fit_choices(choices, np.array([0.0, 0.0, 0.0, 10.0]))

    def cost(numbers: DoubleArray) -> float:
        return naive_cost(choices, numbers)

    other = minimize(cost, np.ones(4), method="BFGS", tol=1e-8)
    assert fitted.cost == pytest.approx(naive_cost(choices, fitted.numbers), abs=1e-12)
    assert fitted.cost == pytest.approx(other.fun, abs=1e-9)
    assert fitted.numbers == pytest.approx(other.x, abs=1e-4)


def test_the_start_has_no_say() -> None:
    choices = made(5)
    starts = [np.zeros(4), np.full(4, 10.0), np.array([0.0, -80.0, 0.0, 500.0])]
    first, *others = [fit_choices(choices, start).numbers for start in starts]
    for other in others:
        assert other == pytest.approx(first, abs=1e-6)


def test_blocks_have_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    choices = made(6)
    whole = fit_choices(choices, np.zeros(4))
    monkeypatch.setattr("gates.choices._BLOCK", 5)  # fewer than some windows have rivals
    assert fit_choices(choices, np.zeros(4)).numbers == pytest.approx(whole.numbers, abs=1e-9)


def test_many_windows_give_the_numbers_that_chose() -> None:
    choices = made(7, windows=4_000)
    truth = np.random.default_rng(7).standard_normal(4)
    assert fit_choices(choices, np.zeros(4)).numbers == pytest.approx(truth, abs=0.15)


def test_where_all_is_told_apart_the_numbers_stay_finite() -> None:
    # Every rival is behind by 1: -log2 of 1 / (1 + exp(-x)) and the penalty, in one dimension.
    choices = Choices(np.full((30, 1), -1.0, dtype=np.float32), np.ones(30, dtype=np.int64))
    x = fit_choices(choices, np.array([10.0])).numbers[0]
    assert 1.0 / (1.0 + math.exp(x)) / math.log(2.0) == pytest.approx(2.0 * PENALTY * x, rel=1e-6)


def test_features_that_say_nothing_get_no_weight() -> None:
    choices = Choices(np.zeros((30, 3), dtype=np.float32), np.full(10, 3))
    fitted = fit_choices(choices, np.array([0.0, 0.0, 10.0]))
    assert fitted.numbers == pytest.approx(np.zeros(3), abs=1e-9)
    assert fitted.cost == pytest.approx(2.0)  # four candidates


def test_columns_are_taken_in_the_order_given() -> None:
    choices = made(8)
    some = choices.columns([2, 0])
    assert np.array_equal(some.leads, choices.leads[:, [2, 0]])
    assert np.array_equal(some.rivals, choices.rivals)
