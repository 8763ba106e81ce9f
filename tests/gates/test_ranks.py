"""Ranks are exact and the same with faiss, torch and brute force."""

from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.bank import build_bank
from gates.contracts import Bank, FloatArray, IntArray
from gates.ranks import TIE, bank_rivals

CPU = torch.device("cpu")


def crowded_bank(seed: int, rows: int, dimension: int) -> Bank:
    """A third exact duplicates, a third near ties at 1e-7, the rest free."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((rows, dimension)).astype(np.float32)
    third = rows // 3
    vectors[third : 2 * third] = vectors[:third]
    nudge = 1e-7 * rng.standard_normal((rows - 2 * third, dimension))
    vectors[2 * third :] = vectors[: rows - 2 * third] + nudge.astype(np.float32)
    return build_bank(vectors, np.arange(rows) // 10, np.arange(rows) % 10, source="crowded")


def brute_force(predictions: FloatArray, bank: Bank, targets: IntArray) -> tuple[list[int], list[int]]:
    better, equal = [], []
    for prediction, target in zip(predictions.astype(np.float64), targets.tolist(), strict=True):
        scores = [float(prediction @ row.astype(np.float64)) for row in bank.vectors]
        rivals = [score - scores[target] for i, score in enumerate(scores) if i != target]
        better.append(sum(lead > TIE for lead in rivals))
        equal.append(sum(abs(lead) <= TIE for lead in rivals))
    return better, equal


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(6, 90), dimension=st.sampled_from([2, 3, 16, 65]))
def test_backends_agree_with_brute_force(seed: int, rows: int, dimension: int) -> None:
    bank = crowded_bank(seed, rows, dimension)
    rng = np.random.default_rng(seed + 1)
    targets = rng.integers(0, rows, 12)
    predictions = bank.vectors[targets] + 0.3 * rng.standard_normal((12, dimension)).astype(np.float32)
    predictions /= np.linalg.norm(predictions, axis=1, keepdims=True)
    better, equal = brute_force(predictions, bank, targets)
    for backend in ("faiss", "torch"):
        rivals = bank_rivals(predictions, bank, targets, backend=backend, device=CPU)
        assert rivals.better.tolist() == better, backend
        assert rivals.equal.tolist() == equal, backend


@pytest.mark.parametrize("backend", ["faiss", "torch"])
def test_a_constant_cannot_profit_from_ties(backend: Literal["faiss", "torch"]) -> None:
    # Five articles that all hold the same chunk: whatever is predicted, four rivals tie.
    vectors = np.tile(np.random.default_rng(0).standard_normal((1, 8)), (5, 1)).astype(np.float32)
    bank = build_bank(vectors, np.arange(5), np.zeros(5, dtype=np.int64), source="same")
    rivals = bank_rivals(bank.vectors[:1], bank, np.array([2]), backend=backend, device=CPU)
    assert rivals.pessimistic.tolist() == [5]
    assert rivals.optimistic.tolist() == [1]


def test_blocks_of_the_bank_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bank = crowded_bank(3, 100, 16)
    targets = np.arange(0, 100, 7)
    predictions = bank.vectors[(targets + 1) % 100]
    whole = bank_rivals(predictions, bank, targets, backend="torch", device=CPU)
    monkeypatch.setattr("gates.ranks._BANK_ROWS", 13)
    monkeypatch.setattr("gates.ranks._QUERIES", 4)
    monkeypatch.setattr("gates.ranks._PAIRS", 5)
    for backend in ("faiss", "torch"):
        blocks = bank_rivals(predictions, bank, targets, backend=backend, device=CPU)
        assert blocks.better.tolist() == whole.better.tolist()
        assert blocks.equal.tolist() == whole.equal.tolist()
