"""What the fitted controls know, whom they learn it from, and where there is nothing to learn from."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from gates import fitted_controls, fitting_windows
from gates.bank import build_bank
from gates.choices import Choices, Fitted, fit_choices
from gates.contracts import Bank, Dataset, DoubleArray, FloatArray, IntArray, Queries, Window
from gates.fitted_controls import fit_controls, made_once
from gates.linear_maps import Products
from gates.logit import Logit
from gates.ridge import cross_fit_folds
from gates.weighted_copies import WeightedCopy
from gates.windows import context_rows, make_dataset, window_rows
from schemas.records.splits import EVALUATED

NAMES = ("ridge", "ridge_centred", "copy_last_centred", "copy_mix", "logit")


def dataset_of(bank: Bank, splits: dict[str, list[int]], *, context: int = 5, horizon: int = 1) -> Dataset:
    window = Window(context, horizon)
    rows = {name: window_rows(bank, np.array(articles), window) for name, articles in splits.items()}
    return make_dataset(bank, rows, window)


def noise_bank(lengths: list[int], *, dimension: int = 8, seed: int = 0) -> Bank:
    rng = np.random.default_rng(seed)
    articles = np.repeat(np.arange(len(lengths)), lengths)
    chunks = np.concatenate([np.arange(length) for length in lengths])
    return build_bank(rng.standard_normal((len(articles), dimension)), articles, chunks, source="noise")


def second_last_bank(articles: int, *, seed: int = 0) -> Bank:
    """Each chunk is like the one two places before it, and like no other."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((articles, 30, 16))
    for place in range(2, 30):
        vectors[:, place] = 0.8 * vectors[:, place - 2] + 0.6 * vectors[:, place]
    return build_bank(
        vectors.reshape(-1, 16) + 2.0,  # a direction that all share
        np.repeat(np.arange(articles), 30),
        np.tile(np.arange(30), articles),
        source="second last",
    )


def answers(dataset: Dataset, rows: IntArray) -> dict[str, FloatArray]:
    controls, _ = fit_controls(dataset, EVALUATED, seed=0)
    contexts = torch.from_numpy(dataset.bank.vectors[context_rows(rows, dataset.window.context)])
    queries = Queries(contexts, rows + dataset.window.horizon)
    return {name: predictor.predict(queries).numpy() for name, predictor in controls.items()}


def test_the_best_weights_are_found() -> None:
    bank = second_last_bank(40)
    for splits in (
        {"train": [*range(20)], "val": [*range(20, 30)], "ood": [*range(30, 40)]},
        {"val": [*range(20)], "ood": [*range(20, 40)]},
    ):
        controls, _ = fit_controls(dataset_of(bank, splits), EVALUATED, seed=0)
        mix = controls["copy_mix"]
        assert isinstance(mix, WeightedCopy)
        for weights in mix.weights.tolist():
            assert np.argmax(weights) == 3
            assert max(abs(weight) for j, weight in enumerate(weights) if j != 3) < 0.25 * weights[3]
        last = controls["copy_last_centred"]
        assert isinstance(last, WeightedCopy)
        assert last.weights.tolist() == [[0.0, 0.0, 0.0, 0.0, 1.0]] * len(last.weights)


def test_ridge_centred_is_ridge_minus_the_mean_row_of_train() -> None:
    bank = second_last_bank(12)
    dataset = dataset_of(bank, {"train": [0, 1, 2, 3], "val": [4, 5, 6], "ood": [7, 8, 9]})
    found = answers(dataset, dataset.splits["val"].last_rows)
    mean = bank.vectors[bank.articles < 4].mean(axis=0)
    assert found["ridge_centred"] == pytest.approx(found["ridge"] - mean, abs=1e-5)
    last = bank.vectors[dataset.splits["val"].last_rows]
    assert found["copy_last_centred"] == pytest.approx(last - mean, abs=1e-5)


def test_logit_costs_no_more_than_the_copy_that_it_contains(monkeypatch: pytest.MonkeyPatch) -> None:
    costs: dict[int, list[float]] = {}

    def noted(choices: Choices, start: DoubleArray) -> Fitted:
        fitted = fit_choices(choices, start)
        costs.setdefault(len(start), []).append(fitted.cost)
        return fitted

    monkeypatch.setattr(fitted_controls, "fit_choices", noted)
    fit_controls(
        dataset_of(second_last_bank(12), {"train": [0, 1, 2, 3, 4, 5], "val": [6, 7], "ood": [8, 9]}),
        EVALUATED,
        seed=0,
    )
    assert {size: len(found) for size, found in costs.items()} == {5: 1, 12: len(fitted_controls.SHRINKAGES)}
    assert max(costs[12]) <= costs[5][0] + 1e-9


def test_they_are_the_same_each_time_and_answer_row_by_row(make_data: Callable[..., Dataset]) -> None:
    dataset = make_data()
    rows = dataset.splits["val"].last_rows
    first, second = answers(dataset, rows), answers(dataset, rows)
    order = np.random.default_rng(0).permutation(len(rows))
    shuffled, few = answers(dataset, rows[order]), answers(dataset, rows[:3])
    assert tuple(first) == NAMES
    for name in NAMES:
        assert np.array_equal(first[name], second[name])
        assert shuffled[name] == pytest.approx(first[name][order], rel=1e-4, abs=1e-4)
        assert few[name] == pytest.approx(first[name][:3], rel=1e-4, abs=1e-4)


def changed(bank: Bank, articles: list[int]) -> Bank:
    """Other vectors in the rows of some articles."""
    vectors = bank.vectors.copy()
    inside = np.isin(bank.articles, articles)
    vectors[inside] = np.random.default_rng(9).standard_normal((int(inside.sum()), bank.dimension))
    return build_bank(vectors, bank.articles, bank.chunks, source="changed")


def test_without_a_train_split_an_article_is_answered_by_what_never_saw_it() -> None:
    bank = second_last_bank(15)
    splits = {"val": [*range(8)], "ood": [*range(8, 15)]}
    fold = cross_fit_folds(bank.articles, folds=5, seed=0)
    rows = dataset_of(bank, splits).splits["val"].last_rows
    held = int(fold[rows[0]])
    inside = [int(article) for article in np.unique(bank.articles[fold == held])]
    # The same contexts are asked, whatever the articles of their fold hold now.
    contexts = torch.from_numpy(bank.vectors[context_rows(rows[:4], 5)])
    queries = Queries(contexts, rows[:4] + 1)
    before, source = fit_controls(dataset_of(bank, splits), EVALUATED, seed=0)
    assert source == "cross-fitted by article"
    other = dataset_of(changed(bank, inside), splits)
    fixed = pytest.MonkeyPatch()
    with fixed.context() as patch:
        # The strength of the ridge is one number that all articles choose together.
        patch.setattr(fitting_windows, "RIDGE_STRENGTHS", (1e-2,))
        before, _ = fit_controls(dataset_of(bank, splits), EVALUATED, seed=0)
        after, _ = fit_controls(other, EVALUATED, seed=0)
    for name in NAMES:
        assert torch.equal(before[name].predict(queries), after[name].predict(queries))
    # Another article's answers do change.
    elsewhere = rows[fold[rows] != held][:4]
    asked = Queries(torch.from_numpy(bank.vectors[context_rows(elsewhere, 5)]), elsewhere + 1)
    for name in NAMES:
        assert not torch.equal(before[name].predict(asked), after[name].predict(asked))


def test_with_a_train_split_nothing_is_fitted_on_other_articles() -> None:
    bank = second_last_bank(15)
    splits = {"train": [*range(6)], "val": [*range(6, 10)], "ood": [*range(10, 14)]}
    other = changed(bank, [*range(6, 15)])
    contexts = torch.from_numpy(bank.vectors[context_rows(np.array([10, 40]), 5)])
    queries = Queries(contexts, np.array([200, 400]))
    before, source = fit_controls(dataset_of(bank, splits), EVALUATED, seed=0)
    after, _ = fit_controls(dataset_of(other, splits), EVALUATED, seed=0)
    assert source == "train split"
    for name in NAMES:
        assert torch.equal(before[name].predict(queries), after[name].predict(queries))


@pytest.mark.parametrize(
    ("lengths", "splits", "shape"),
    [
        ([12] * 4, {"train": [0, 1], "val": [2], "ood": [3]}, {}),  # two articles to learn from
        ([12] * 2, {"val": [0], "ood": [1]}, {}),  # one article for the other
        ([12] * 3, {"val": [0], "ood": [1, 2]}, {}),
        ([6] * 8, {"train": [0, 1, 2, 3], "val": [4, 5], "ood": [6, 7]}, {}),  # no target has a rival
        ([6, 6, 30, 7, 9, 12, 6], {"train": [0, 1, 2], "val": [3, 4], "ood": [5, 6]}, {}),
        ([9] * 6, {"train": [0, 1], "val": [2, 3], "ood": [4, 5]}, {"context": 1, "horizon": 3}),
        ([14] * 9, {"val": [0, 1, 2, 3], "ood": [4, 5, 6, 7, 8]}, {"horizon": 4}),
    ],
)
@pytest.mark.parametrize("dimension", [3, 40])  # more numbers than windows
def test_however_little_there_is_every_control_answers(
    lengths: list[int], splits: dict[str, list[int]], shape: dict[str, int], dimension: int
) -> None:
    dataset = dataset_of(noise_bank(lengths, dimension=dimension), splits, **shape)
    found = answers(dataset, dataset.splits["val"].last_rows)
    assert tuple(found) == NAMES
    for answer in found.values():
        assert np.isfinite(answer).all()
        assert (np.abs(answer).max(axis=1) > 0).all()


@pytest.mark.parametrize(
    "splits", [{"train": [0, 1], "val": [2], "ood": [3]}, {"val": [0, 1], "ood": [2, 3]}]
)
def test_where_all_chunks_are_the_same_every_control_answers(splits: dict[str, list[int]]) -> None:
    bank = build_bank(
        np.ones((48, 4)), np.repeat(np.arange(4), 12), np.tile(np.arange(12), 4), source="constant"
    )
    dataset = dataset_of(bank, splits)
    for answer in answers(dataset, dataset.splits["val"].last_rows).values():
        assert np.isfinite(answer).all()
        assert (np.abs(answer).max(axis=1) > 0).all()


@pytest.mark.parametrize(
    ("lengths", "splits"),
    [([6] * 8, {"train": [0, 1, 2, 3], "val": [4, 5], "ood": [6, 7]}), ([12] * 2, {"val": [0], "ood": [1]})],
)
def test_numbers_that_cannot_be_fitted_stay_at_the_start(
    lengths: list[int], splits: dict[str, list[int]]
) -> None:
    controls, _ = fit_controls(dataset_of(noise_bank(lengths), splits), EVALUATED, seed=0)
    mix, logit, last = controls["copy_mix"], controls["logit"], controls["copy_last_centred"]
    assert isinstance(mix, WeightedCopy)
    assert isinstance(logit, Logit)
    assert isinstance(last, WeightedCopy)
    used = 2 if len(mix.weights) > 1 else 1  # folds that have an article
    assert torch.equal(mix.weights[:used], 10.0 * last.weights[:used])
    contexts = torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(0))
    queries = Queries(contexts, np.array([0, 1, 7]))
    assert torch.allclose(logit.predict(queries), mix.predict(queries), atol=1e-4)


@pytest.mark.parametrize("train", [True, False])
def test_the_product_that_three_of_them_share_is_made_once(
    train: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank, articles = second_last_bank(8), [*range(8)]
    splits = {"train": articles[:4], "val": articles[4:6], "ood": articles[6:]}
    dataset = dataset_of(bank, splits if train else {"val": articles[:4], "ood": articles[4:]})
    controls, _ = fit_controls(dataset, EVALUATED, seed=0)
    rows = dataset.splits["val"].last_rows
    read = context_rows(rows, dataset.window.context)
    queries = Queries(torch.from_numpy(bank.vectors[read]), rows + 1, read)
    apart = {name: predictor.predict(queries) for name, predictor in controls.items()}
    made: list[int] = []
    monkeypatch.setattr(Products, "_make", count_calls(Products._make, made))
    with made_once(controls.values()):
        for name, predictor in controls.items():
            assert torch.equal(predictor.predict(queries), apart[name])
    assert len(made) == 1


def count_calls(
    make: Callable[[Products, Queries], torch.Tensor], made: list[int]
) -> Callable[[Products, Queries], torch.Tensor]:
    def counted(products: Products, queries: Queries) -> torch.Tensor:
        made.append(1)
        return make(products, queries)

    return counted
