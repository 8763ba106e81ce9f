"""Rivals against a loop over rows, from the definition; and what an article of too many rows gives."""

import numpy as np
import pytest
import torch

from gates.bank import build_bank
from gates.contracts import Bank, Window
from gates.windows import make_dataset, window_rows
from trainers.loop.batches import WindowBatches
from trainers.recipes import rivals as room
from trainers.recipes.rivals import Rivals, RivalSearch, Weights

CHUNKS = (9, 14, 7, 12)
WINDOW = Window(3, 2)


def bank() -> Bank:
    """Four articles, the second with a gap; two rows of the last one say the same, two have the same text."""
    rng = np.random.default_rng(0)
    numbers = [np.arange(n) for n in CHUNKS]
    numbers[1] = np.delete(np.arange(15), 6)
    vectors = rng.standard_normal((sum(CHUNKS), 8))
    vectors[-1] = vectors[-3] + 0.01
    texts = [f"chunk {row}" for row in range(len(vectors))]
    texts[4] = texts[7] = texts[20] = "Chapter"
    articles = np.repeat(np.arange(len(CHUNKS)), CHUNKS)
    return build_bank(vectors, articles, np.concatenate(numbers), source="four", texts=texts)


BANK = bank()
DATASET = make_dataset(BANK, {"train": window_rows(BANK, None, WINDOW)}, WINDOW)


def find(rows: list[int], weights: Weights, whole: list[int] | None = None) -> Rivals:
    batches = WindowBatches(DATASET, "train", device=torch.device("cpu"), seed=0)
    batch = batches.gather(np.array(rows), np.array(rows if whole is None else whole))
    return RivalSearch(DATASET, "train", seed=0).find(batch, batches.vectors, weights, epoch=1)


def can_be_target(row: int) -> bool:
    """Whether 3 + 2 - 1 rows lie before it with no chunk missing."""
    return all(
        row - step >= 0
        and BANK.articles[row - step] == BANK.articles[row]
        and BANK.chunks[row - step] == BANK.chunks[row] - step
        for step in range(1, 5)
    )


def naive_weight(last: int, row: int, asked: list[int], weights: Weights) -> float:
    assert BANK.texts is not None
    target = last + WINDOW.horizon
    if row == target:
        return 1.0
    alike = float(BANK.vectors[row] @ BANK.vectors[target]) > 0.95 or BANK.texts[row] == BANK.texts[target]
    if alike:
        return 0.0
    if BANK.articles[row] != BANK.articles[last]:
        return weights.others if row in asked else 0.0
    if last - WINDOW.context < row <= last:
        return weights.context
    return 1.0 if can_be_target(row) else 0.0


@pytest.mark.parametrize(
    "weights", [Weights(0.0, 0.0), Weights(0.25, 0.0), Weights(0.0, 0.5), Weights(1.0, 2.0)]
)
@pytest.mark.parametrize("part", [slice(None), slice(0, 6), slice(9, 12)])
def test_every_row_weighs_what_the_definition_says(weights: Weights, part: slice) -> None:
    every = DATASET.splits["train"].last_rows.tolist()
    rows, asked = every[part], [row + WINDOW.horizon for row in every]
    found = find(rows, weights, every)
    dense = np.zeros((len(rows), BANK.rows))
    dense[:, found.rows] = found.weight.numpy()
    for last, weighed in zip(rows, dense, strict=True):
        naive = [naive_weight(last, row, asked, weights) for row in range(BANK.rows)]
        assert weighed.tolist() == naive, last
    targets = np.array(rows) + WINDOW.horizon
    assert found.rows[found.target.numpy()].tolist() == targets.tolist()


def test_what_the_lift_counts_are_the_rivals_of_the_own_article() -> None:
    every = DATASET.splits["train"].last_rows.tolist()
    found = find(every, Weights(0.5, 0.5))
    for last, row, own in zip(every, found.weight.numpy(), found.own.numpy(), strict=True):
        mine = (BANK.articles[found.rows] == BANK.articles[last]) & (found.rows != last + WINDOW.horizon)
        assert own.tolist() == (mine & (row == 1.0)).tolist()


def test_of_too_many_rows_some_are_drawn_and_the_target_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST", 3)
    rows = [row for row in DATASET.splits["train"].last_rows.tolist() if BANK.articles[row] == 3]
    found = find(rows, Weights(0.0, 0.0))
    assert (found.weight.sum(dim=1) >= 1.0).all()
    assert len(found.rows) <= 3 + len(rows)
    assert found.rows[found.target.numpy()].tolist() == (np.array(rows) + WINDOW.horizon).tolist()


def test_without_texts_only_vectors_tell_what_is_alike() -> None:
    plain = build_bank(np.eye(4), np.zeros(4, dtype=int), np.arange(4), source="plain")
    dataset = make_dataset(plain, {"train": window_rows(plain, None, Window(1, 1))}, Window(1, 1))
    assert len(set(RivalSearch(dataset, "train", seed=0).text.tolist())) == 4
