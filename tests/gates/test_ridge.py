import numpy as np
import pytest

from gates.contracts import DoubleArray, FloatArray, IntArray
from gates.ridge import cross_fit_folds, fit_ridge, holdout_articles
from schemas.errors import DataError

STRENGTHS = (1e-5, 1e-3, 1e-1)


def problem(seed: int, windows: int = 240) -> tuple[FloatArray, FloatArray, IntArray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((windows, 10)).astype(np.float32)
    truth = rng.standard_normal((10, 4))
    y = (x @ truth + 0.5 + rng.standard_normal((windows, 4))).astype(np.float32)
    return x, y, np.repeat(np.arange(windows // 20), 20)


def naive_ridge(x: FloatArray, y: FloatArray, strength: float) -> tuple[DoubleArray, DoubleArray]:
    """Normal equations with an extra, unpenalised column of ones."""
    design = np.hstack([x.astype(np.float64), np.ones((len(x), 1))])
    penalty = len(x) * strength * np.diag([1.0] * x.shape[1] + [0.0])
    solution = np.linalg.solve(design.T @ design + penalty, design.T @ y.astype(np.float64))
    return solution[:-1], solution[-1]


def mean_cosine(predicted: DoubleArray, y: FloatArray) -> float:
    scores = [p @ t / np.linalg.norm(p) / np.linalg.norm(t) for p, t in zip(predicted, y, strict=True)]
    return float(np.mean(scores))


@pytest.mark.parametrize("seed", range(4))
def test_fit_is_the_normal_equations_at_the_best_held_out_strength(seed: int) -> None:
    x, y, articles = problem(seed)
    held = holdout_articles(articles, fraction=0.25, seed=seed)
    fit = fit_ridge(x, y, strengths=STRENGTHS, holdout=held)
    expected = {}
    for strength in STRENGTHS:
        weight, bias = naive_ridge(x[~held], y[~held], strength)
        expected[strength] = mean_cosine(x[held] @ weight + bias, y[held])
    assert dict(fit.scores) == pytest.approx(expected, abs=1e-4)
    assert expected[fit.strength] == pytest.approx(max(expected.values()), abs=1e-4)
    weight, bias = naive_ridge(x, y, fit.strength)
    assert np.allclose(fit.weight, weight, atol=1e-4)
    assert np.allclose(fit.bias, bias, atol=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_columns_that_are_not_scored_are_solved_with_the_strength_that_the_others_chose(seed: int) -> None:
    x, y, articles = problem(seed)
    held = holdout_articles(articles, fraction=0.25, seed=seed)
    # The other columns are a copy of the inputs, which the weakest strength fits best.
    both = np.hstack([y, x])
    alone = fit_ridge(x, y, strengths=(1e-5, 10.0), holdout=held)
    fit = fit_ridge(x, both, strengths=(1e-5, 10.0), holdout=held, scored=y.shape[1])
    assert fit.strength == alone.strength
    assert dict(fit.scores) == pytest.approx(dict(alone.scores), abs=1e-6)
    weight, bias = naive_ridge(x, both, fit.strength)
    assert np.allclose(fit.weight, weight, atol=1e-4)
    assert np.allclose(fit.bias, bias, atol=1e-4)


def test_all_windows_of_an_article_lie_in_one_fold_and_folds_are_even() -> None:
    _, _, articles = problem(0)
    fold = cross_fit_folds(articles, folds=4, seed=0)
    for article in np.unique(articles):
        assert len(set(fold[articles == article].tolist())) == 1
    assert sorted(np.bincount(fold).tolist()) == [60, 60, 60, 60]


def test_a_single_article_cannot_be_held_out() -> None:
    one = np.zeros(10, dtype=np.int64)
    with pytest.raises(DataError, match="at least 2 articles"):
        holdout_articles(one, fraction=0.2, seed=0)


def test_an_unstable_solution_is_an_error() -> None:
    # Eight windows cannot determine 40 weights; without a penalty the matrix is singular.
    x = np.random.default_rng(0).standard_normal((8, 40)).astype(np.float32)
    with pytest.raises(DataError, match="use a larger strength"):
        fit_ridge(x, x[:, :2], strengths=(1e-300,), holdout=np.arange(8) < 2)


@pytest.mark.parametrize("fraction", [0.01, 0.5, 0.99])
def test_the_holdout_is_never_empty_and_never_all(fraction: float) -> None:
    articles = np.repeat(np.arange(7), 3)
    held = holdout_articles(articles, fraction=fraction, seed=0)
    chosen = set(articles[held].tolist())
    assert 1 <= len(chosen) <= 6
    assert not chosen & set(articles[~held].tolist())
