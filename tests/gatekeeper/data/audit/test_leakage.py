"""Duplicates between articles, whole and in lists, against a comparison of all pairs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from gatekeeper.data.audit import leakage, near_pairs
from gatekeeper.data.audit.leakage import ArticlePair, Leakage, find_leakage
from gatekeeper.data.audit.near_pairs import NEAR, WORK, lists_for
from gates.bank import build_bank
from gates.contracts import Bank, DoubleArray, IntArray

SPLITS = {"train": np.array([0, 1, 2]), "val": np.array([3, 4]), "ood": np.array([5])}
"""Article 6 and all later ones belong to none."""

WIDTH, CHUNKS = 12, 10


def vectors_of(articles: int = 8, seed: int = 0) -> DoubleArray:
    """(articles, CHUNKS, WIDTH) unit chunks, no two of which are near duplicates."""
    rows = np.random.default_rng(seed).standard_normal((articles, CHUNKS, WIDTH))
    return np.asarray(rows / np.linalg.norm(rows, axis=2, keepdims=True))


def bank_of(vectors: DoubleArray) -> Bank:
    articles = len(vectors)
    return build_bank(
        vectors.reshape(-1, WIDTH),
        np.repeat(np.arange(articles), CHUNKS),
        np.tile(np.arange(CHUNKS), articles),
        source="bank.npz",
    )


def near(vector: DoubleArray, cosine: float) -> DoubleArray:
    """A unit vector at that cosine."""
    other = np.roll(vector, 1) * np.where(np.arange(WIDTH) % 2, 1.0, -1.0)
    other -= (other @ vector) * vector
    other /= np.linalg.norm(other)
    return np.asarray(cosine * vector + np.sqrt(1 - cosine**2) * other)


def searched(vectors: DoubleArray, splits: Mapping[str, IntArray] = SPLITS, *, work: float = WORK) -> Leakage:
    return find_leakage(bank_of(vectors), splits, seed=0, work=work)


@dataclass(frozen=True)
class Naive:
    """What comparing all pairs of chunks of different articles says."""

    pairs: dict[tuple[int, int], tuple[int, float, float]]
    held_out: dict[str, tuple[int, int]]


def by_all_pairs(bank: Bank, splits: Mapping[str, Sequence[int]]) -> Naive:
    vectors = bank.vectors.astype(np.float64)
    owners = bank.articles.tolist()
    owner_split = {article: name for name, articles in splits.items() for article in articles}
    sides: dict[tuple[int, int], dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    cosines: dict[tuple[int, int], float] = defaultdict(float)
    leaking: dict[str, set[int]] = {name: set() for name in splits}
    for a, one in enumerate(owners):
        for b, two in enumerate(owners):
            cosine = float(vectors[a] @ vectors[b])
            if one == two or cosine < NEAR:
                continue
            key = (min(one, two), max(one, two))
            sides[key][one].add(a)
            cosines[key] = max(cosines[key], cosine)
            mine, theirs = owner_split.get(one), owner_split.get(two)
            if mine is not None and theirs is not None and mine != theirs:
                leaking[mine].add(a)
    pairs = {}
    for key, found in sides.items():
        shared = max(len(rows) for rows in found.values())
        share = max(len(rows) / owners.count(a) for a, rows in found.items() if len(rows) == shared)
        pairs[key] = (shared, share, min(cosines[key], 1.0))
    held_out = {
        name: (sum(owner_split.get(owner) == name for owner in owners), len(leaking[name])) for name in splits
    }
    return Naive(pairs, held_out)


def same(found: Leakage, expected: Naive) -> None:
    assert {(p.first, p.second): (p.shared, p.share) for p in found.pairs} == {
        key: (shared, share) for key, (shared, share, _) in expected.pairs.items()
    }
    for pair in found.pairs:
        assert pair.example.cosine == pytest.approx(
            expected.pairs[int(pair.first), int(pair.second)][2], abs=1e-6
        )
    assert dict(found.held_out) == expected.held_out


def test_chunks_that_are_all_different_are_no_leak() -> None:
    found = searched(vectors_of())
    assert (found.rows, found.lists, found.pairs) == (80, None, ())
    assert dict(found.held_out) == {"train": (30, 0), "val": (20, 0), "ood": (10, 0)}


def test_an_exact_duplicate_across_splits_is_found_with_its_place() -> None:
    vectors = vectors_of()
    vectors[4, 7] = vectors[1, 2]
    found = searched(vectors)
    (pair,) = found.pairs
    assert (pair.first, pair.second, pair.splits) == (1, 4, ("train", "val"))
    assert (pair.shared, pair.share, pair.leaks) == (1, 0.1, True)
    assert {pair.example.first, pair.example.second} == {12, 47}
    assert pair.example.cosine == pytest.approx(1.0, abs=1e-6)
    assert pair.example.cosine <= 1.0
    assert dict(found.held_out) == {"train": (30, 1), "val": (20, 1), "ood": (10, 0)}


@pytest.mark.parametrize(("cosine", "found"), [(0.999, 1), (0.996, 1), (0.994, 0), (0.98, 0), (-1.0, 0)])
def test_a_near_duplicate_is_one_from_a_cosine_of_995_per_mille(cosine: float, found: int) -> None:
    vectors = vectors_of()
    vectors[5, 0] = near(vectors[3, 9], cosine)
    pairs = searched(vectors).pairs
    assert len(pairs) == found
    for pair in pairs:
        assert (pair.first, pair.second, pair.splits) == (3, 5, ("val", "ood"))
        assert pair.example.cosine == pytest.approx(cosine, abs=1e-6)


def test_a_duplicate_article_under_another_number_is_found_whole() -> None:
    vectors = vectors_of()
    vectors[5] = vectors[2][::-1]  # in another order too
    found = searched(vectors)
    (pair,) = found.pairs
    assert (pair.first, pair.second, pair.shared, pair.share) == (2, 5, 10, 1.0)
    assert pair.leaks
    assert dict(found.held_out) == {"train": (30, 10), "val": (20, 0), "ood": (10, 10)}


@pytest.mark.parametrize(
    ("one", "two", "splits"),
    [(0, 2, ("train", "train")), (3, 4, ("val", "val")), (2, 6, ("train", "")), (6, 7, ("", ""))],
)
def test_duplicates_within_a_split_or_outside_all_are_told_but_no_leak(
    one: int, two: int, splits: tuple[str, str]
) -> None:
    vectors = vectors_of()
    vectors[two, :4] = vectors[one, 3:7]
    found = searched(vectors)
    (pair,) = found.pairs
    assert (pair.first, pair.second, pair.splits, pair.shared, pair.share) == (one, two, splits, 4, 0.4)
    assert not pair.leaks
    assert {shared for _, shared in found.held_out.values()} == {0}


def test_duplicates_within_an_article_are_none_of_this_search() -> None:
    vectors = vectors_of()
    vectors[0, 5] = vectors[0, 1]
    vectors[6, 5] = vectors[6, 1]
    assert searched(vectors).pairs == ()


def test_a_chunk_that_repeats_counts_once_on_its_own_side() -> None:
    vectors = vectors_of()
    vectors[3, :6] = vectors[0, 0]  # one chunk of train, six times in val
    found = searched(vectors)
    (pair,) = found.pairs
    assert (pair.shared, pair.share) == (6, 0.6)
    assert dict(found.held_out) == {"train": (30, 1), "val": (20, 6), "ood": (10, 0)}


def test_the_share_is_that_of_the_article_with_more_shared_chunks_or_the_shorter_one() -> None:
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((14, WIDTH))
    rows[10:12] = rows[0:2]
    bank = build_bank(
        rows, np.repeat([0, 3], [10, 4]), np.concatenate([np.arange(10), np.arange(4)]), source="x"
    )
    (pair,) = find_leakage(bank, SPLITS, seed=0).pairs
    # Two of ten, and two of four.
    assert (pair.shared, pair.share) == (2, 0.5)


def test_pairs_are_listed_most_shared_first_then_by_number() -> None:
    vectors = vectors_of()
    vectors[7, 0] = vectors[0, 0]
    vectors[6, :3] = vectors[1, :3]
    vectors[5, 1] = vectors[0, 5]
    vectors[4, 8] = vectors[2, 8]
    found = [(pair.first, pair.second, pair.shared) for pair in searched(vectors).pairs]
    assert found == [(1, 6, 3), (0, 5, 1), (0, 7, 1), (2, 4, 1)]


def planted(seed: int) -> DoubleArray:
    """Chunks that are copies of others here and there, exactly or nearly."""
    rng = np.random.default_rng(seed)
    vectors = vectors_of(seed=seed)
    for _ in range(25):
        to, source = (tuple(rng.integers(0, (8, CHUNKS))) for _ in range(2))
        vectors[to] = near(vectors[source], float(rng.choice([1.0, 0.9999, 0.9965, 0.9935])))
    vectors[6, :5] = vectors[3, 5:]
    return vectors


@pytest.mark.parametrize("seed", range(6))
def test_every_pair_is_that_of_comparing_all_chunks_with_all(seed: int) -> None:
    vectors = planted(seed)
    expected = by_all_pairs(bank_of(vectors), {name: each.tolist() for name, each in SPLITS.items()})
    assert len(expected.pairs) > 5
    same(searched(vectors), expected)


@pytest.mark.parametrize(("bank_rows", "queries"), [(7, 1024), (65_536, 3), (11, 5), (80, 80), (1, 1)])
def test_the_size_of_the_blocks_does_not_matter(
    bank_rows: int, queries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = planted(1)
    monkeypatch.setattr(near_pairs, "_BANK_ROWS", bank_rows)
    monkeypatch.setattr(near_pairs, "_QUERIES", queries)
    expected = by_all_pairs(bank_of(vectors), {name: each.tolist() for name, each in SPLITS.items()})
    same(searched(vectors), expected)


# In lists.


@pytest.mark.parametrize("seed", range(6))
def test_in_lists_every_pair_is_found_too(seed: int) -> None:
    vectors = planted(seed)
    expected = by_all_pairs(bank_of(vectors), {name: each.tolist() for name, each in SPLITS.items()})
    found = searched(vectors, work=0.0)
    assert found.lists == 17  # the root of 4 * 80
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
    assert lists_for(bank, cost - 1) == 17
    assert lists_for(bank_of(vectors_of(1)), 0.0) == 6
    assert searched(vectors_of(), work=cost - 1).lists == 17


@pytest.mark.parametrize("width", [64, 384])
def test_of_pairs_at_the_threshold_lists_find_more_than_999_in_a_thousand(width: int) -> None:
    # Isotropic noise has no clusters that would keep the two of a pair together.
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((16_000, width))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    cosine = NEAR + 1e-5
    for source, to in zip(range(4_000), range(8_000, 12_000), strict=True):
        noise = rng.standard_normal(width)
        noise -= (noise @ rows[source]) * rows[source]
        rows[to] = cosine * rows[source] + np.sqrt(1 - cosine**2) * noise / np.linalg.norm(noise)
    articles = np.repeat(np.arange(1_600), 10)
    bank = build_bank(rows, articles, np.tile(np.arange(10), 1_600), source="noise")
    splits = {"train": np.arange(800), "val": np.arange(800, 1_600)}
    found = find_leakage(bank, splits, seed=0, work=0.0)
    assert found.lists == 252
    assert found.held_out["train"][1] >= 3_996
    assert found.held_out["val"][1] >= 3_996


def test_the_lists_are_seeded() -> None:
    assert searched(planted(2), work=0.0) == searched(planted(2), work=0.0)


@pytest.mark.parametrize("work", [WORK, 0.0])
def test_boilerplate_that_all_articles_share_is_no_list_of_all_pairs(
    work: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leakage, "_MOST", 3)
    vectors = vectors_of(60)
    vectors[:, 0] = vectors[0, 0]
    splits = {"train": np.arange(40), "val": np.arange(40, 60)}
    found = find_leakage(bank_of(vectors), splits, seed=0, work=work)
    assert dict(found.held_out) == {"train": (400, 40), "val": (200, 20)}
    assert 60 <= len(found.pairs) < 60 * 59 / 2


def test_without_splits_duplicates_are_found_and_none_leaks() -> None:
    vectors = vectors_of()
    vectors[5] = vectors[2]
    found = searched(vectors, {})
    assert [(pair.first, pair.second, pair.splits) for pair in found.pairs] == [(2, 5, ("", ""))]
    assert dict(found.held_out) == {}


@pytest.mark.parametrize(
    ("splits", "leaks"),
    [
        (("train", "val"), True),
        (("val", "train"), True),
        (("val", "val"), False),
        (("", "val"), False),
        (("val", ""), False),
        (("", ""), False),
    ],
)
def test_a_pair_leaks_between_two_named_splits_only(splits: tuple[str, str], leaks: bool) -> None:
    example = searched(planted(0)).pairs[0].example
    assert ArticlePair(0, 1, splits, 1, 0.1, example).leaks is leaks
