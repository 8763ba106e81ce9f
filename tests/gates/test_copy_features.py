"""Features against the formula, pair by pair, from article and chunk numbers."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from gates import copy_features
from gates.contracts import Dataset, DoubleArray
from gates.copy_features import Reader, copy_columns, gather_choices, logit_columns
from gates.fold_moments import Taught
from gates.pools import article_pools
from gates.seeded import hash_rows


def reader(seed: int, context: int, size: int, whiteners: int) -> Reader:
    rng = np.random.default_rng(seed)
    square = rng.standard_normal((whiteners, size, size))
    taught = Taught(
        torch.from_numpy(rng.standard_normal((context * size, size)).astype(np.float32)),
        torch.from_numpy(rng.standard_normal(size).astype(np.float32)),
        torch.from_numpy(rng.standard_normal(size)),
        torch.eye(size, dtype=torch.float64),
    )
    return Reader(taught, torch.from_numpy((square + square.transpose(0, 2, 1)).astype(np.float32)))


def naive_features(dataset: Dataset, last: int, row: int, who: Reader) -> DoubleArray:
    context = dataset.window.context
    vectors = dataset.bank.vectors.astype(np.float64)
    chunks, centre = vectors[last - context + 1 : last + 1], who.taught.centre.numpy()
    r = chunks.reshape(-1) @ who.taught.weight.double().numpy() + who.taught.bias.double().numpy() - centre
    seen = [*(chunk - centre for chunk in chunks), r]
    whitened = [white @ each for white in who.whiteners.double().numpy() for each in seen]
    return np.array([each @ vectors[row] for each in (*seen, *whitened)])


@pytest.mark.parametrize(("context", "horizon"), [(5, 1), (3, 2), (1, 1)])
@pytest.mark.parametrize("most", [256, 4])
def test_leads_are_the_features_of_each_rival_minus_the_targets(
    context: int, horizon: int, most: int, make_data: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy_features, "RIVALS", most)
    dataset = make_data(context=context, horizon=horizon)
    bank, window = dataset.bank, dataset.window
    last_rows = np.concatenate([split.last_rows for split in dataset.splits.values()])[::7]
    readers = {0: reader(0, context, 12, 2), 1: reader(1, context, 12, 2)}
    fold = bank.articles[last_rows] % 3  # the windows of the third fold are left out
    choices = gather_choices(dataset, last_rows, readers, fold, seed=3)
    assert choices is not None
    expected, rivals = [], []
    for pool in article_pools(bank, last_rows, window):
        for i, which in enumerate(pool.windows.tolist()):
            if fold[which] not in readers:
                continue
            target = int(pool.rows[pool.target[i]])
            others = [row for row in pool.rows[pool.allowed[i]].tolist() if row != target]
            hashes = {row: int(hash_rows(np.array([row]), seed=3, stream="rivals")[0]) for row in others}
            kept = sorted(sorted(others, key=lambda row: hashes[row])[:most])
            who = readers[int(fold[which])]
            own = naive_features(dataset, int(last_rows[which]), target, who)
            expected += [naive_features(dataset, int(last_rows[which]), row, who) - own for row in kept]
            rivals += [len(kept)] if kept else []
    assert choices.rivals.tolist() == rivals
    assert choices.leads == pytest.approx(np.array(expected), abs=2e-4)


def test_targets_without_rivals_leave_nothing_to_fit(make_data: Callable[..., Dataset]) -> None:
    dataset = make_data()
    rows = dataset.splits["val"].last_rows
    assert gather_choices(dataset, rows, {}, np.zeros(len(rows), dtype=np.int64), seed=0) is None


def test_the_columns_of_a_logit_lie_in_the_order_of_its_numbers() -> None:
    # c0 c1 r, then Rc0 Rc1 Rr of the first matrix and of the second.
    assert copy_columns(2) == [0, 1]
    assert logit_columns(2, 0) == [0, 1, 3, 4, 2, 5]
    assert logit_columns(2, 1) == [0, 1, 6, 7, 2, 8]
