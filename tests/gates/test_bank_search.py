"""What is clearly closer is counted, what is close is listed, by each library and in blocks of any size."""

import numpy as np
import pytest
import torch

from gates import bank_search
from gates.bank import build_bank
from gates.bank_search import close_within, search_bank
from gates.contracts import Bank, DoubleArray, FloatArray
from gates.options import Backend

CPU = torch.device("cpu")
ROWS, WIDTH = 90, 8


@pytest.fixture(scope="module")
def bank() -> Bank:
    """Rows 30 to 59 repeat rows 0 to 29."""
    vectors = np.random.default_rng(0).standard_normal((ROWS, WIDTH)).astype(np.float32)
    vectors[30:60] = vectors[:30]
    return build_bank(vectors, np.arange(ROWS) // 10, np.arange(ROWS) % 10, source="bank")


def asked(bank: Bank, targets: list[int]) -> tuple[FloatArray, DoubleArray]:
    """Predictions near the rows after their targets, and the targets' scores."""
    noise = np.random.default_rng(1).standard_normal((len(targets), WIDTH))
    near = bank.vectors[(np.array(targets) + 1) % ROWS] + 0.2 * noise
    predictions = (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float32)
    scores = np.einsum("nd,nd->n", predictions.astype(np.float64), bank.vectors[targets].astype(np.float64))
    return predictions, scores


@pytest.mark.parametrize("block", [7, 64, 10_000])
@pytest.mark.parametrize(("backend", "few"), [("faiss", 1.0), ("faiss", -1.0), ("torch", 0.0)])
def test_every_row_is_counted_or_listed_once(
    backend: Backend, few: float, block: int, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_QUERIES", "_LISTED_ROWS", "_COUNTED_ROWS"):
        monkeypatch.setattr(bank_search, name, block)
    monkeypatch.setattr(bank_search, "_FEW", few)
    targets = [0, 5, 29, 45, 70, 88]
    predictions, scores = asked(bank, targets)
    better = np.zeros(len(targets), dtype=np.int64)
    listed: set[tuple[int, int]] = set()
    for part in search_bank(predictions, bank, scores, backend=backend, device=CPU):
        pairs = set(zip(part.queries.tolist(), part.rows.tolist(), strict=True))
        assert len(pairs) == len(part.queries)
        assert not listed & pairs
        listed |= pairs
        better += part.better
    for query, (target, prediction) in enumerate(zip(targets, predictions, strict=True)):
        leads = [
            float(prediction.astype(np.float64) @ row.astype(np.float64)) - scores[query]
            for row in bank.vectors
        ]
        clear = {row for row, lead in enumerate(leads) if lead > 1e-5}
        close = {row for row, lead in enumerate(leads) if abs(lead) < 1e-8}
        found = {row for which, row in listed if which == query}
        assert target in found
        assert close <= found
        # Whatever is neither a repetition nor clear may be either, but only once.
        assert better[query] + len(found - close) >= len(clear)
        assert len(found) + better[query] <= sum(lead > -1e-5 for lead in leads)


def test_what_counts_as_close_bounds_the_rounding_of_a_product() -> None:
    rng = np.random.default_rng(2)
    for dimension in (2, 64, 1024):
        rows = rng.standard_normal((2, 200, dimension))
        rows /= np.linalg.norm(rows, axis=2, keepdims=True)
        first, second = rows.astype(np.float32)
        exact = np.einsum("nd,nd->n", first.astype(np.float64), second.astype(np.float64))
        rounded = [np.float32(sum(a * b, start=np.float32(0))) for a, b in zip(first, second, strict=True)]
        assert np.abs(np.array(rounded, dtype=np.float64) - exact).max() < close_within(dimension)
