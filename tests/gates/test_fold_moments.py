"""Folds against normal equations on the windows outside them, one set at a time."""

import itertools

import numpy as np
import pytest

from gates.fold_moments import FoldMoments
from gates.ridge import cross_fit_folds
from schemas.errors import DataError
from tests.gates.test_ridge import STRENGTHS, mean_cosine, naive_ridge, problem


def test_what_any_set_of_folds_leaves_out_has_no_say() -> None:
    x, y, articles = problem(0)
    fold = cross_fit_folds(articles, folds=4, seed=0)
    moments = FoldMoments.of(x, y, fold)
    for away in ((), (2,), *itertools.combinations(range(4), 2)):
        kept = ~np.isin(fold, away)
        weight, bias = naive_ridge(x[kept], y[kept], 1e-3)
        taught = moments.teach(away, 1e-3)
        assert taught is not None
        assert np.allclose(taught.weight.numpy(), weight, atol=1e-4)
        assert np.allclose(taught.bias.numpy(), bias, atol=1e-4)
        assert np.allclose(taught.centre.numpy(), y[kept].mean(axis=0), atol=1e-5)
        assert np.allclose(taught.covariance.numpy(), np.cov(y[kept].T, bias=True), atol=1e-4)


def test_the_order_of_windows_and_of_folds_left_out_has_no_say() -> None:
    x, y, articles = problem(0)
    fold = cross_fit_folds(articles, folds=4, seed=0)
    order = np.random.default_rng(0).permutation(len(x))
    first = FoldMoments.of(x, y, fold).teach((1, 3), 1e-3)
    second = FoldMoments.of(x[order], y[order], fold[order]).teach((3, 1), 1e-3)
    assert first is not None
    assert second is not None
    assert np.allclose(first.weight.numpy(), second.weight.numpy(), atol=1e-5)


@pytest.mark.parametrize("scored", [(0, 1, 2), (0,), (2,)])
def test_the_strength_has_the_best_cosine_on_the_folds_that_choose(scored: tuple[int, ...]) -> None:
    x, y, articles = problem(1)
    fold = cross_fit_folds(articles, folds=3, seed=0)
    totals = {}
    for strength in STRENGTHS:
        parts = {k: naive_ridge(x[fold != k], y[fold != k], strength) for k in scored}
        predicted = np.concatenate([x[fold == k] @ weight + bias for k, (weight, bias) in parts.items()])
        totals[strength] = mean_cosine(predicted, np.concatenate([y[fold == k] for k in scored]))
    chosen = FoldMoments.of(x, y, fold).choose(STRENGTHS, scored=scored)
    assert totals[chosen] == pytest.approx(max(totals.values()), abs=1e-4)


def test_where_no_window_is_left_nothing_is_taught() -> None:
    x, y, articles = problem(0, windows=40)
    moments = FoldMoments.of(x, y, cross_fit_folds(articles, folds=5, seed=0))  # two articles, two folds
    assert moments.teach((0,), 1e-3) is not None
    assert moments.teach((0, 1), 1e-3) is None
    assert moments.teach((0, 4), 1e-3) is not None  # a fold without windows leaves nothing out


def test_one_article_has_no_others_to_learn_from() -> None:
    x, y, _ = problem(0)
    with pytest.raises(DataError, match="at least 2 articles; found 1"):
        FoldMoments.of(x[:10], y[:10], np.zeros(10, dtype=np.int64))
