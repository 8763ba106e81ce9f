"""Which windows are learned from, in which folds, and who answers which article."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from gates.contracts import Dataset
from gates.fitting_windows import RIDGE_STRENGTHS, FittingWindows
from gates.logit import whitening
from gates.ridge import cross_fit_folds, holdout_articles
from gates.windows import make_dataset
from schemas.errors import DataError
from schemas.records.splits import EVALUATED


def with_train(dataset: Dataset, articles: list[int]) -> Dataset:
    """Those of val and ood that are named are train's."""
    rows = np.concatenate([split.last_rows for split in dataset.splits.values()])
    inside = np.isin(dataset.bank.articles[rows], articles)
    return make_dataset(dataset.bank, {"train": rows[inside], "val": rows[~inside]}, dataset.window)


def test_with_a_train_split_one_answers_all_and_its_first_fold_chose(
    make_data: Callable[..., Dataset],
) -> None:
    dataset = with_train(make_data(), [0, 1, 2, 4, 5, 6])
    windows = FittingWindows.of(dataset, EVALUATED, seed=3)
    articles = dataset.bank.articles[windows.rows]
    assert windows.source == "train split"
    assert windows.left_out == ((),)
    assert not windows.answerer.any()
    assert np.array_equal(windows.rows, dataset.splits["train"].last_rows)
    assert np.array_equal(windows.fold == 0, holdout_articles(articles, fraction=0.2, seed=3))
    assert set(windows.fold.tolist()) == {0, 1, 2}
    for article in np.unique(articles):
        assert len(set(windows.fold[articles == article].tolist())) == 1
    assert windows.strength in RIDGE_STRENGTHS
    inside = np.isin(dataset.bank.articles, articles)
    taught = windows.teach((0,))
    assert taught is not None
    assert taught.centre.numpy() == pytest.approx(dataset.bank.vectors[inside].mean(axis=0), abs=1e-6)


def test_without_one_each_fold_is_answered_by_the_others(make_data: Callable[..., Dataset]) -> None:
    dataset = make_data()
    windows = FittingWindows.of(dataset, EVALUATED, seed=3)
    fold = cross_fit_folds(dataset.bank.articles, folds=5, seed=3)
    assert windows.source == "cross-fitted by article"
    assert windows.left_out == tuple((k,) for k in range(5))
    assert np.array_equal(windows.answerer, fold)
    assert np.array_equal(windows.fold, fold[windows.rows])
    targets = dataset.bank.vectors[windows.rows[windows.fold != 2] + dataset.window.horizon]
    taught = windows.teach((2,))
    assert taught is not None
    assert taught.centre.numpy() == pytest.approx(targets.mean(axis=0), abs=1e-6)


def test_what_some_folds_teach_is_found_once(make_data: Callable[..., Dataset]) -> None:
    windows = FittingWindows.of(make_data(), EVALUATED, seed=0)
    taught = windows.teach((1, 3))
    assert taught is not None
    assert windows.teach((3, 1)) is taught
    assert windows.whiten((3, 1), 0.6) is windows.whiten((1, 3), 0.6)
    assert torch.equal(windows.whiten((1, 3), 0.6), whitening(taught.covariance, 0.6))
    assert windows.whiten((1, 3), 0.9) is not windows.whiten((1, 3), 0.6)
    assert windows.teach(range(5)) is None


def test_one_article_has_nobody_to_learn_from(make_data: Callable[..., Dataset]) -> None:
    with pytest.raises(DataError, match="2 articles"):
        FittingWindows.of(with_train(make_data(), [1]), EVALUATED, seed=0)
