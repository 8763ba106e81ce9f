"""Near pairs without comparing all with all: lists find what an exhaustive search does."""

import numpy as np
import pytest

from gatekeeper.data.audit import near_pairs
from gatekeeper.data.audit.leakage import find_leakage
from gatekeeper.data.audit.near_pairs import lists_for
from gates.bank import build_bank
from gates.leaks import LIMIT
from tests.gatekeeper.data.audit.leaks import (
    SPLITS,
    WIDTH,
    bank_of,
    by_all_pairs,
    planted,
    same,
    searched,
    vectors_of,
)

"""Article 6 and all later ones belong to none."""


@pytest.mark.parametrize(("bank_rows", "queries"), [(7, 1024), (65_536, 3), (11, 5), (80, 80), (1, 1)])
def test_the_size_of_the_blocks_does_not_matter(
    bank_rows: int, queries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = planted(1)
    monkeypatch.setattr(near_pairs, "_BANK_ROWS", bank_rows)
    monkeypatch.setattr(near_pairs, "_QUERIES", queries)
    expected = by_all_pairs(bank_of(vectors), {name: each.tolist() for name, each in SPLITS.items()})
    same(searched(vectors), expected)


@pytest.mark.parametrize("seed", range(6))
def test_in_lists_every_pair_is_found_too(seed: int) -> None:
    vectors = planted(seed)
    expected = by_all_pairs(bank_of(vectors), {name: each.tolist() for name, each in SPLITS.items()})
    found = searched(vectors, work=0.0)
    assert found.lists == 21  # the root of 6 * 80
    same(found, expected)


@pytest.mark.parametrize("queries", [1, 5, 1024])
@pytest.mark.parametrize("bank_rows", [7, 65_536])
def test_in_lists_the_size_of_the_blocks_does_not_matter(
    bank_rows: int, queries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = searched(planted(1), work=0.0)
    monkeypatch.setattr(near_pairs, "_BANK_ROWS", bank_rows)
    monkeypatch.setattr(near_pairs, "_QUERIES", queries)
    found = searched(planted(1), work=0.0)
    assert [(p.first, p.second, p.shared) for p in found.pairs] == [
        (p.first, p.second, p.shared) for p in expected.pairs
    ]
    assert found.held_out == expected.held_out


def test_a_bank_is_divided_where_comparing_all_with_all_costs_more_than_it_may() -> None:
    bank = bank_of(vectors_of())
    cost = 2.0 * 80 * 80 * WIDTH
    assert lists_for(bank, cost) is None
    assert lists_for(bank, cost - 1) == 21
    assert lists_for(bank_of(vectors_of(1)), 0.0) == 7
    assert searched(vectors_of(), work=cost - 1).lists == 21


@pytest.mark.parametrize("width", [64, 384])
def test_of_pairs_at_the_threshold_lists_find_more_than_999_in_a_thousand(width: int) -> None:
    # Isotropic noise has no clusters that would keep the two of a pair together.
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((16_000, width))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    cosine = LIMIT + 1e-5
    for source, to in zip(range(4_000), range(8_000, 12_000), strict=True):
        noise = rng.standard_normal(width)
        noise -= (noise @ rows[source]) * rows[source]
        rows[to] = cosine * rows[source] + np.sqrt(1 - cosine**2) * noise / np.linalg.norm(noise)
    articles = np.repeat(np.arange(1_600), 10)
    bank = build_bank(rows, articles, np.tile(np.arange(10), 1_600), source="noise")
    splits = {"train": np.arange(800), "val": np.arange(800, 1_600)}
    found = find_leakage(bank, splits, seed=0, work=0.0)
    assert found.lists == 309
    assert found.held_out["train"][1] >= 3_996
    assert found.held_out["val"][1] >= 3_996


def test_the_lists_are_seeded() -> None:
    assert searched(planted(2), work=0.0) == searched(planted(2), work=0.0)
