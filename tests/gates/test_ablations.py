"""Gate C: the laws of the damage itself, and what it does to the cosine."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from gates.ablations import cross_article, leave_one_out, repeat_last, reverse, shuffle
from gates.bank import build_bank
from gates.contracts import IntArray
from gates.windows import context_rows
from schemas.errors import EvaluationError
from schemas.records.metrics import ABLATIONS
from schemas.records.splits import EVALUATED
from tests.gates import naive
from tests.gates.cases import EVERY_CASE, OPTIONS, Case, same_mean

ROWS = np.arange(4, 40_004)[:, None] + np.arange(-4, 1)


@pytest.mark.parametrize("length", [2, 3, 5, 9])
def test_shuffle_permutes_each_context(length: int) -> None:
    rows = ROWS[:2000, -length:]
    shuffled = shuffle(rows, seed=0)
    assert (np.sort(shuffled, axis=1) == rows).all()
    if length <= 7:
        assert (shuffled != rows).any(axis=1).all()  # never the identity
    assert (shuffle(rows[::-1], seed=0)[::-1] == shuffled).all()  # the row alone decides
    if length > 2:
        assert (shuffle(rows, seed=1) != shuffled).any()


def test_shuffle_is_uniform_over_the_other_permutations() -> None:
    orders = Counter(map(tuple, (shuffle(ROWS, seed=3) - ROWS[:, :1]).tolist()))
    assert len(orders) == 119
    # Chi-squared with 118 degrees of freedom: mean 118, standard deviation 15.4.
    expected = len(ROWS) / 119
    statistic = sum((count - expected) ** 2 / expected for count in orders.values())
    assert 118 - 5 * 15.4 < statistic < 118 + 5 * 15.4


def test_the_stranger_is_uniform_over_other_articles() -> None:
    bank = build_bank(
        np.random.default_rng(0).standard_normal((60, 4)),
        np.repeat([0, 1, 2], [30, 10, 20]),
        np.concatenate([np.arange(30), np.arange(10), np.arange(20)]),
        source="bank",
    )
    rows = np.arange(4, 60)[:, None] + np.arange(-4, 1)
    counts = np.zeros((3, 60))
    for seed in range(400):
        damaged = cross_article(rows, bank, seed=seed)
        assert (damaged[:, :-1] == rows[:, :-1]).all()
        assert (bank.articles[damaged[:, -1]] != bank.articles[rows[:, -1]]).all()
        for article in range(3):
            counts[article] += np.bincount(damaged[bank.articles[rows[:, -1]] == article, -1], minlength=60)
    for article in range(3):
        reached = counts[article][bank.articles != article]
        assert reached.min() > 0.6 * reached.mean()
        assert reached.max() < 1.4 * reached.mean()


def test_a_single_article_has_no_stranger() -> None:
    bank = build_bank(np.eye(8), np.zeros(8, dtype=int), np.arange(8), source="bank")
    with pytest.raises(EvaluationError, match="at least 2 articles; found 1"):
        cross_article(np.array([[3, 4]]), bank, seed=0)


def test_the_other_damages_by_hand() -> None:
    rows = np.array([[1, 2, 3, 4, 5]])
    assert reverse(rows).tolist() == [[5, 4, 3, 2, 1]]
    assert repeat_last(rows).tolist() == [[5, 5, 5, 5, 5]]
    assert leave_one_out(rows, 0).tolist() == [[2, 3, 4, 5, 5]]
    assert leave_one_out(rows, 2).tolist() == [[1, 2, 4, 5, 5]]
    assert leave_one_out(rows, 4).tolist() == [[1, 2, 3, 4, 4]]
    assert rows.tolist() == [[1, 2, 3, 4, 5]]


@EVERY_CASE
def test_it_agrees_with_its_definition(case: Case) -> None:
    dataset, world = case.dataset, case.world
    for split in EVALUATED:
        metrics, places = case.measured.metrics[split], case.places(split)
        rows = context_rows(dataset.splits[split].last_rows, dataset.window.context)

        def damaged(chosen: IntArray, places: Sequence[naive.Place] = places) -> list[float]:
            contexts = dataset.bank.vectors[chosen].astype(np.float64)
            return [
                naive.ablation_change(world, a, c, list(context))
                for (a, c), context in zip(places, contexts, strict=True)
            ]

        windows = [world.window(a, c) for a, c in places]
        pairs = list(zip(places, windows, strict=True))
        expected = {
            # Which permutation and which stranger is drawn is up to the seed; test_ablations.py holds
            # the laws of the draw. What the draw does to the cosine is checked here.
            "shuffle": damaged(shuffle(rows, seed=OPTIONS.seed)),
            "cross_article": damaged(cross_article(rows, dataset.bank, seed=OPTIONS.seed)),
            "reverse": [naive.ablation_change(world, *place, window[::-1]) for place, window in pairs],
            "repeat_last": [
                naive.ablation_change(world, *place, [window[-1]] * len(window)) for place, window in pairs
            ],
            "leave_one_out": [naive.leave_one_out_change(world, a, c) for a, c in places],
        }
        assert set(expected) == set(ABLATIONS)
        for name, changes in expected.items():
            same_mean(metrics[f"ablations.{name}"], changes, [a for a, _ in places])
