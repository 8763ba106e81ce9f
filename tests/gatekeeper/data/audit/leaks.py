"""Banks with planted duplicates, and the leaks of comparing all chunks with all."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from gatekeeper.data.audit.leakage import Leakage, find_leakage
from gatekeeper.data.audit.near_pairs import WORK
from gates.bank import build_bank
from gates.contracts import Bank, DoubleArray, IntArray
from gates.leaks import LIMIT

SPLITS = {"train": np.array([0, 1, 2]), "val": np.array([3, 4]), "ood": np.array([5])}


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
            if one == two or cosine < LIMIT:
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


def planted(seed: int) -> DoubleArray:
    """Chunks that are copies of others here and there, exactly or nearly."""
    rng = np.random.default_rng(seed)
    vectors = vectors_of(seed=seed)
    for _ in range(12):
        to, source = (tuple(rng.integers(0, (8, CHUNKS))) for _ in range(2))
        vectors[to] = near(vectors[source], float(rng.choice([1.0, 0.9999, 0.985, 0.975])))
    vectors[6, :3] = vectors[3, 5:8]
    return vectors
