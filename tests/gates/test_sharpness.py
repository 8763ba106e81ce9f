"""The best beta of every fold against bisection, and the derivatives against differences."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.contracts import DoubleArray, IntArray
from gates.sharpness import (
    FOLDS,
    LEFT_OUT_ONE_BY_ONE,
    SHARPEST,
    ScoredArticle,
    article_folds,
    fit_sharpness,
)


def world(
    rng: np.random.Generator, sizes: list[int], *, told: float, scale: float = 0.2
) -> list[ScoredArticle]:
    """Articles of so many windows; the target's score stands out by ``told`` standard deviations."""
    found = []
    for size in sizes:
        rows = int(rng.integers(5, 40))
        scores = rng.standard_normal((size, rows))
        target = rng.integers(0, rows, size)
        scores[np.arange(size), target] += told
        allowed = rng.random((size, rows)) < 0.8
        allowed[np.arange(size), target] = True
        found.append(ScoredArticle.of(scale * scores, allowed, target))
    return found


def slope(scored: list[ScoredArticle], beta: float) -> float:
    """Of the loss, by loops; of n windows, each target has 1 / (n + 1) less, shared by its candidates."""
    total, one_more = 0.0, 1 + sum(len(article.lead) for article in scored)
    for article in scored:
        for below, allowed, lead in zip(article.below, article.allowed, article.lead, strict=True):
            kept = below[allowed]
            weights = [math.exp(beta * each) for each in kept]
            wanted = -lead * (1 - 1 / one_more) + sum(kept) / len(kept) / one_more
            total += sum(w * each for w, each in zip(weights, kept, strict=True)) / sum(weights) - wanted
    return total


def smoothed(scored: list[ScoredArticle], beta: float) -> float:
    windows = sum(len(each.lead) for each in scored)
    lift = sum(float(each.lift.sum()) for each in scored)
    return sum(float(each.losses(beta).sum()) for each in scored) + beta * lift / (windows + 1)


def bisected(scored: list[ScoredArticle]) -> float:
    low, high = 0.0, SHARPEST
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(scored, middle) < 0 else (low, middle)
    return low


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**31), st.floats(-1, 3), st.sampled_from([0.01, 0.2, 1.0]))
def test_each_fold_has_the_beta_that_is_best_for_the_others(seed: int, told: float, scale: float) -> None:
    scored = world(np.random.default_rng(seed), [3, 9, 4, 6, 5, 2, 7], told=told, scale=scale)
    found = fit_sharpness(scored, np.array([0, 1, 2, 0, 1, 2, 0]))
    for fold, members in enumerate(([1, 2, 4, 5], [0, 2, 3, 5, 6], [0, 1, 3, 4, 6])):
        others = [scored[i] for i in members]
        best, losses = bisected(others), [0.0, 0.0]
        for i, beta in enumerate((best, float(found[fold]))):
            losses[i] = smoothed(others, beta)
        # Either the same number, or one that is worth as much: at most 1e-6 nats a window.
        assert losses[1] <= losses[0] + 1e-6 * sum(len(each.lead) for each in others)
        if 0.5 < best * scale < 5:
            assert found[fold] == pytest.approx(best, rel=1e-5)


def test_derivatives_are_those_of_the_loss() -> None:
    (article,) = world(np.random.default_rng(0), [40], told=1.0)
    step = 1e-3
    for beta in (0.0, 2.0, 30.0):
        here, ahead, behind = (
            article.expand(each).sum(axis=0) for each in (beta, beta + step, max(0.0, beta - step))
        )
        width = step + min(step, beta)
        for order in range(5):
            expected = (ahead[order] - behind[order]) / width
            tolerance = 1e-2 if beta == 0.0 else 1e-4
            assert here[order + 1] == pytest.approx(expected, rel=tolerance, abs=tolerance)
        losses = [article.losses(max(0.0, each)).sum() for each in (beta + step, beta - step)]
        assert here[0] == pytest.approx((losses[0] - losses[1]) / width, rel=1e-2, abs=1e-2)


def test_whoever_says_nothing_or_the_wrong_thing_has_beta_zero() -> None:
    rng = np.random.default_rng(1)
    wrong = world(rng, [30, 30, 30], told=-2.0)
    assert fit_sharpness(wrong, np.arange(3)).tolist() == [0.0, 0.0, 0.0]
    equal = [ScoredArticle.of(np.full((4, 6), 0.3), np.ones((4, 6), np.bool_), np.zeros(4, np.int64))] * 2
    assert fit_sharpness(equal, np.arange(2)).tolist() == [0.0, 0.0]
    assert equal[0].losses(0.0) == pytest.approx(np.log(6))


def perfect(gap: float) -> ScoredArticle:
    scores: DoubleArray = np.zeros((5, 9))
    target: IntArray = np.arange(5)
    scores[np.arange(5), target] = gap
    return ScoredArticle.of(scores, np.ones((5, 9), np.bool_), target)


@pytest.mark.parametrize("gap", [0.003, 0.3, 2.0])
def test_where_the_target_always_leads_by_as_much_it_has_all_but_one_window(gap: float) -> None:
    betas = fit_sharpness([perfect(gap)] * 3, np.arange(3))
    # Ten windows chose: a target has 10 / 11 for certain, and a ninth of the eleventh.
    losses = perfect(gap).losses(float(betas[0]))
    assert losses == pytest.approx(np.full(5, -math.log(10 / 11 + 1 / 99)), abs=1e-9)


def test_no_beta_is_larger_than_the_bound() -> None:
    # A rival that is all but the target's double asks for any number.
    assert fit_sharpness([perfect(1e-7)] * 3, np.arange(3)).tolist() == [SHARPEST] * 3


@given(st.integers(0, 2**31), st.floats(-1e3, 1e3))
def test_a_number_added_to_a_windows_scores_changes_no_loss(seed: int, number: float) -> None:
    rng = np.random.default_rng(seed)
    scores, target = rng.standard_normal((6, 8)), rng.integers(0, 8, 6)
    every = np.ones((6, 8), dtype=np.bool_)
    shift = number * rng.standard_normal((6, 1))
    for beta in (0.0, 1.0, 7.0):
        one, two = (ScoredArticle.of(each, every, target).losses(beta) for each in (scores, scores + shift))
        assert one == pytest.approx(two, abs=1e-9)


def test_up_to_twenty_articles_each_is_a_fold_of_its_own() -> None:
    articles = np.arange(LEFT_OUT_ONE_BY_ONE) * 7
    assert article_folds(articles, np.full(20, 5), seed=0).tolist() == list(range(20))


@given(st.lists(st.integers(1, 60), min_size=21, max_size=80), st.integers(0, 99))
def test_more_articles_share_ten_folds_of_about_as_many_windows(sizes: list[int], seed: int) -> None:
    windows, articles = np.array(sizes), np.arange(len(sizes)) + 100
    folds = article_folds(articles, windows, seed=seed)
    load = np.bincount(folds, weights=windows, minlength=FOLDS)
    assert len(load) == FOLDS
    assert load.max() - load.min() <= windows.max()
    # Whoever shares a fold does so in any order of the articles.
    order = np.random.default_rng(seed).permutation(len(sizes))
    again = np.empty_like(folds)
    again[order] = article_folds(articles[order], windows[order], seed=seed)
    assert (folds == again).all()
