"""Ranks are exact and the same with faiss, torch and brute force."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gates import bank_search
from gates.bank import build_bank
from gates.contracts import Bank, FloatArray, IntArray
from gates.options import Backend
from gates.ranks import TIE, bank_rivals

CPU = torch.device("cpu")

FAISS_ALWAYS, FAISS_NEVER = 1.0, -1.0
"""The share of closer rows up to which faiss searches."""


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
    ways: list[tuple[Backend, float]] = [("faiss", FAISS_ALWAYS), ("faiss", FAISS_NEVER), ("torch", 0.0)]
    for backend, few in ways:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bank_search, "_FEW", few)
            rivals = bank_rivals(predictions, bank, targets, backend=backend, device=CPU)
        assert rivals.better.tolist() == better, (backend, few)
        assert rivals.equal.tolist() == equal, (backend, few)


@pytest.mark.parametrize("backend", ["faiss", "torch"])
def test_a_constant_cannot_profit_from_ties(backend: Backend) -> None:
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
    monkeypatch.setattr(bank_search, "_LISTED_ROWS", 13)
    monkeypatch.setattr(bank_search, "_COUNTED_ROWS", 11)
    monkeypatch.setattr(bank_search, "_QUERIES", 4)
    monkeypatch.setattr(bank_search, "_FEW", FAISS_ALWAYS)
    monkeypatch.setattr("gates.ranks._PAIRS", 5)
    for backend in ("faiss", "torch"):
        blocks = bank_rivals(predictions, bank, targets, backend=backend, device=CPU)
        assert blocks.better.tolist() == whole.better.tolist()
        assert blocks.equal.tolist() == whole.equal.tolist()


@pytest.mark.parametrize(
    ("predicted", "by"),
    [("target", "_listed"), ("opposite", "_counted"), ("mean", "_counted")],
)
def test_faiss_lists_rivals_only_where_they_are_few(
    predicted: str, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    bank = build_bank(
        rng.standard_normal((3000, 8)).astype(np.float32),
        np.arange(3000) // 10,
        np.arange(3000) % 10,
        source="x",
    )
    targets = np.arange(0, 3000, 40)
    answers = {
        "target": bank.vectors[targets],
        "opposite": -bank.vectors[targets],
        "mean": np.repeat(bank.vectors.mean(axis=0, keepdims=True), len(targets), axis=0),
    }
    used: list[str] = []

    def watch(name: str) -> None:
        whole = getattr(bank_search, name)

        def told(*arguments: object) -> Iterator[bank_search.Candidates]:
            used.append(name)
            yield from whole(*arguments)

        monkeypatch.setattr(bank_search, name, told)

    watch("_listed")
    watch("_counted")
    found = bank_rivals(answers[predicted], bank, targets, backend="faiss", device=CPU)
    assert used == [by]
    better, equal = brute_force(answers[predicted], bank, targets)
    assert (found.better.tolist(), found.equal.tolist()) == (better, equal)
