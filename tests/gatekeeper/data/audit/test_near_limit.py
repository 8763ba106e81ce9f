"""The limit of near duplicates goes by the data where these are near each other anyway."""

import math

import numpy as np
import pytest

from gatekeeper.data.audit.near_limit import NearLimit, near_limit
from gates.bank import build_bank
from gates.contracts import Bank, DoubleArray


def rows_of(common: float, count: int = 600, width: int = 48, seed: int = 0) -> DoubleArray:
    """Unit rows; ``common`` of each lies along one direction of all."""
    rows = np.random.default_rng(seed).standard_normal((count, width))
    rows[:, 0] = 0.0
    rows *= math.sqrt(1 - common**2) / np.linalg.norm(rows, axis=1, keepdims=True)
    rows[:, 0] = common
    return rows


def bank_of(rows: DoubleArray) -> Bank:
    count = len(rows)
    return build_bank(
        rows, np.repeat(np.arange(count // 10), 10), np.tile(np.arange(10), count // 10), source="x"
    )


def naive(bank: Bank) -> tuple[float, float]:
    """Median of the nearest cosines, and the limit they ask for, of a bank that is its own sample."""
    nearest = []
    for row, article in zip(bank.vectors.astype(np.float64), bank.articles, strict=True):
        nearest.append(max(float(row @ other) for other in bank.vectors[bank.articles != article]))
    logs = sorted(math.log(max(1 - each, 1e-5)) for each in nearest)
    middle, upper = np.quantile(logs, 0.5), np.quantile(logs, 0.75)
    return float(np.median(nearest)), 1 - math.exp(middle - 7 * (upper - middle))


@pytest.mark.parametrize("common", [0.0, 0.9, 0.995, 0.9999])
def test_it_agrees_with_its_definition(common: float) -> None:
    bank = bank_of(rows_of(common, count=200))
    usual, suspicious = naive(bank)
    found = near_limit(bank, seed=3)
    assert found.usual == pytest.approx(usual, abs=1e-5)
    assert found.cosine == pytest.approx(max(0.98, min(suspicious, 1 - 1e-5)), abs=1e-5)
    assert found.raised is (suspicious > 0.98)


def test_chunks_that_are_all_near_raise_it_and_their_copies_stay_beyond() -> None:
    rows = rows_of(0.995)
    assert (rows @ rows.T).min() > 0.98
    rows[::5] = rows[1]
    found = near_limit(bank_of(rows), seed=0)
    assert found.raised
    assert (rows_of(0.995)[:50] @ rows_of(0.995)[50:].T).max() < found.cosine < 1.0


@pytest.mark.parametrize("share", [0.1, 0.3, 0.45])
def test_copies_of_up_to_half_of_the_chunks_do_not_hide_themselves(share: float) -> None:
    rows = rows_of(0.0)
    count = int(share * 300)
    noise = rows_of(0.0, seed=1)[:count]
    rows[300 : 300 + count] = 0.99 * rows[:count] + math.sqrt(1 - 0.99**2) * noise
    assert near_limit(bank_of(rows), seed=0).cosine == 0.98


def test_where_every_chunk_is_a_copy_equal_rows_still_count() -> None:
    rows = rows_of(0.0)
    rows[300:] = rows[:300]
    found = near_limit(bank_of(rows), seed=0)
    assert found.cosine == 1 - 1e-5
    assert found.usual == pytest.approx(1.0)


def test_a_single_article_has_no_other() -> None:
    assert near_limit(bank_of(rows_of(0.0, count=10)), seed=0) == NearLimit(0.98, None)
