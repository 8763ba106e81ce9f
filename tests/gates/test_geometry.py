"""Cosines of unit rows, one sample at a time, and rows of any length brought near 1."""

import math
from itertools import pairwise

import numpy as np
import pytest

from gates import geometry
from gates.bank import build_bank
from gates.contracts import Bank
from gates.geometry import coherence, cosine_to_rows, without_extremes
from tests.gates.conftest import awkward_bank


@pytest.fixture(scope="module")
def bank() -> Bank:
    return awkward_bank()


@pytest.mark.parametrize("block", [1, 7, 10_000])
def test_cosines_are_those_of_each_pair(block: int, bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geometry, "_BLOCK", block)
    rows = np.arange(20, 50)
    predictions = bank.vectors[rows[::-1]]
    expected = [
        math.fsum(float(a) * float(b) for a, b in zip(one, bank.vectors[row], strict=True))
        for one, row in zip(predictions, rows, strict=True)
    ]
    assert cosine_to_rows(predictions, bank, rows) == pytest.approx(expected, abs=1e-6)


def test_a_cosine_never_leaves_its_range() -> None:
    vectors = np.random.default_rng(0).standard_normal((400, 5)).astype(np.float32)
    bank = build_bank(vectors, np.zeros(400, dtype=int), np.arange(400), source="bank")
    rows = np.arange(400)
    assert cosine_to_rows(bank.vectors, bank, rows).max() <= 1.0
    assert cosine_to_rows(-bank.vectors, bank, rows).min() >= -1.0


@pytest.mark.parametrize("length", [2, 3, 5])
def test_coherence_is_the_mean_of_adjacent_cosines(length: int, bank: Bank) -> None:
    contexts = np.arange(10, 30)[:, None] + np.arange(length)
    expected = [
        sum(float(bank.vectors[a] @ bank.vectors[b]) for a, b in pairwise(each)) / (length - 1)
        for each in contexts
    ]
    assert coherence(bank, contexts) == pytest.approx(expected, abs=1e-6)


def test_a_context_of_one_chunk_is_coherent(bank: Bank) -> None:
    assert coherence(bank, np.array([[3], [9]])).tolist() == [1.0, 1.0]


def test_extreme_rows_are_scaled_by_powers_of_two_and_others_are_not_touched() -> None:
    rows = np.array([[3e200, -1e-5], [0.0, 0.0], [1e-300, 2e-301], [3.0, 4.0], [1e100, 1.0]])
    scaled, exponents = without_extremes(rows)
    assert (np.ldexp(scaled, exponents[:, None]) == rows).all()
    assert [bool(exponent) for exponent in exponents] == [True, False, True, False, False]
    assert all(0.5 <= np.abs(row).max() < 1.0 for row in scaled[[0, 2]])
    plain, none = without_extremes(rows[[1, 3, 4]])
    assert plain.tolist() == rows[[1, 3, 4]].tolist()
    assert none.tolist() == [0, 0, 0]
