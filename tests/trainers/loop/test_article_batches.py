"""Batches made of articles, against a loop over articles."""

import numpy as np
import pytest
import torch

from gates.bank import build_bank
from gates.contracts import Dataset, IntArray, Window
from gates.seeded import hash_rows
from gates.windows import make_dataset, window_rows
from trainers.loop.article_batches import ArticleBatches

LENGTHS = (5, 9, 30, 12, 17)  # chunks: 2, 6, 27, 9 and 14 windows of 3 chunks with a target 1 further on


def data() -> Dataset:
    vectors = np.random.default_rng(0).standard_normal((sum(LENGTHS), 4))
    articles = np.repeat(np.arange(len(LENGTHS)), LENGTHS)
    bank = build_bank(vectors, articles, np.concatenate([np.arange(n) for n in LENGTHS]), source="five")
    return make_dataset(bank, {"train": window_rows(bank, None, Window(3, 1))}, Window(3, 1))


def batches(seed: int = 0, per_article: int = 10, together: int = 4) -> ArticleBatches:
    return ArticleBatches(
        data(), "train", device=torch.device("cpu"), seed=seed, features=None,
        per_article=per_article, together=together,
    )  # fmt: skip


def naive(seed: int, epoch: int, size: int, per_article: int, together: int) -> list[list[int]]:
    dataset, pieces = data(), []
    rows = dataset.splits["train"].last_rows

    def key(row: int, stream: str) -> int:
        return int(hash_rows(np.array([row]), seed=seed, stream=stream)[0])

    for article in range(len(LENGTHS)):
        mine = [row for row in rows.tolist() if dataset.bank.articles[row] == article]
        mine = sorted(mine, key=lambda row: key(row, f"epoch {epoch}"))[:per_article]
        pieces += [mine[start : start + together] for start in range(0, len(mine), together)]
    pieces.sort(key=lambda piece: key(piece[0], f"pieces {epoch}"))
    count = max(1, size // together)
    steps = [pieces[start : start + count] for start in range(0, len(pieces), count)]
    return [[row for piece in step for row in piece] for step in steps]


@pytest.mark.parametrize("size", [3, 8, 100])
@pytest.mark.parametrize(("per_article", "together"), [(10, 4), (100, 4), (5, 5), (6, 100)])
def test_the_steps_of_an_epoch_are_those_of_a_loop(size: int, per_article: int, together: int) -> None:
    for seed, epoch in ((0, 1), (3, 7)):
        found = batches(seed, per_article, together)
        steps = [step.tolist() for step in found.cut(epoch, size)]
        assert steps == naive(seed, epoch, size, per_article, together)
        assert len(steps) == found.steps(size)


def chosen(epoch: int, found: ArticleBatches) -> IntArray:
    return np.sort(np.concatenate(found.cut(epoch, 8)))


def test_a_long_article_gives_others_of_its_windows_in_the_next_epoch() -> None:
    found = batches()
    first, second = chosen(1, found), chosen(2, found)
    assert len(first) == len(second) == 2 + 6 + 10 + 9 + 10
    assert len(np.unique(first)) == len(first)
    assert not np.array_equal(first, second)
    assert np.array_equal(first, chosen(1, batches()))
    every = np.unique(np.concatenate([chosen(epoch, found) for epoch in range(1, 40)]))
    assert np.array_equal(every, found.last_rows)
