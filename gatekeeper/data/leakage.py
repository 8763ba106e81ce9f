"""Chunks that occur twice: the same text in two articles, above all in two splits."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from gates.contracts import Bank, IntArray
from gates.seeded import hash_rows

NEAR = 0.995
"""Cosine from which two chunks count as the same text."""

WORK = 1e12
"""Multiplications and additions the search may cost, some 20 s on two cores."""

_BANK_ROWS = 65_536
_QUERIES = 1_024


@dataclass(frozen=True)
class SharedChunk:
    """Two chunks of different articles that are the same: bank rows and cosine."""

    first: int
    second: int
    cosine: float


@dataclass(frozen=True)
class ArticlePair:
    """Two articles that share chunks.

    Attributes:
        first, second: their indices, ascending. splits: of each; "" where in none.
        shared: chunks of the article that has more of them in the other one, among those looked at.
        share: of that article's chunks that were looked at.
        example: one shared pair.
    """

    first: int
    second: int
    splits: tuple[str, str]
    shared: int
    share: float
    example: SharedChunk

    @property
    def leaks(self) -> bool:
        """Whether they lie in different splits."""
        return self.splits[0] != self.splits[1] and all(self.splits)


@dataclass(frozen=True)
class Leakage:
    """What was found.

    Attributes:
        searched: rows that were compared with all others. rows: of the bank.
        pairs: articles that share chunks, most shared first.
        held_out: split -> (rows looked at, of them with a near duplicate in another split).
    """

    searched: int
    rows: int
    pairs: tuple[ArticlePair, ...]
    held_out: Mapping[str, tuple[int, int]]


def find_leakage(bank: Bank, splits: Mapping[str, IntArray], *, seed: int, work: float = WORK) -> Leakage:
    """Compare chunks with the whole bank, exactly; all of them where the work allows it.

    Args:
        bank: the bank.
        splits: name -> articles.
        seed: of the rows that are compared where not all are.
        work: bound on the arithmetic.
    """
    split_of = {int(article): name for name, articles in splits.items() for article in articles}
    rows = _chosen(bank, seed, work)
    found = list(_search(bank, rows))
    looked: dict[int, int] = defaultdict(int)
    for article in bank.articles[rows].tolist():
        looked[article] += 1
    by_pair: dict[tuple[int, int], list[SharedChunk]] = defaultdict(list)
    leaking: dict[str, set[int]] = {name: set() for name in splits}
    for chunk in found:
        one, two = int(bank.articles[chunk.first]), int(bank.articles[chunk.second])
        by_pair[min(one, two), max(one, two)].append(chunk)
        mine, theirs = split_of.get(one, ""), split_of.get(two, "")
        if mine and theirs and mine != theirs:
            leaking[mine].add(chunk.first)
    pairs = [_pair(bank, key, chunks, looked, split_of) for key, chunks in by_pair.items()]
    pairs.sort(key=lambda pair: (-pair.shared, pair.first, pair.second))
    owners = [split_of.get(article, "") for article in bank.articles[rows].tolist()]
    held_out = {name: (owners.count(name), len(leaking[name])) for name in splits}
    return Leakage(len(rows), bank.rows, tuple(pairs), held_out)


def _chosen(bank: Bank, seed: int, work: float) -> IntArray:
    rows = np.arange(bank.rows, dtype=np.int64)
    most = max(1, int(work / (2.0 * bank.rows * bank.dimension)))
    if bank.rows <= most:
        return rows
    return np.sort(np.argsort(hash_rows(rows, seed=seed, stream="leakage"), kind="stable")[:most])


def _search(bank: Bank, rows: IntArray) -> Iterator[SharedChunk]:
    # faiss is imported only here: it and torch can clash over OpenMP on macOS.
    import faiss

    for start in range(0, bank.rows, _BANK_ROWS):
        block = np.ascontiguousarray(bank.vectors[start : start + _BANK_ROWS])
        index = faiss.IndexFlatIP(bank.dimension)
        index.add(block)
        for begin in range(0, len(rows), _QUERIES):
            part = rows[begin : begin + _QUERIES]
            limits, cosines, places = index.range_search(np.ascontiguousarray(bank.vectors[part]), NEAR)
            queries = np.repeat(part, np.diff(limits).astype(np.int64))
            others = places.astype(np.int64) + start
            foreign = bank.articles[queries] != bank.articles[others]
            for first, second, cosine in zip(
                queries[foreign].tolist(), others[foreign].tolist(), cosines[foreign].tolist(), strict=True
            ):
                yield SharedChunk(first, second, min(cosine, 1.0))


def _pair(
    bank: Bank,
    key: tuple[int, int],
    chunks: list[SharedChunk],
    looked: Mapping[int, int],
    split_of: Mapping[int, str],
) -> ArticlePair:
    sides = {article: {c.first for c in chunks if bank.articles[c.first] == article} for article in key}
    shares = {article: len(mine) / looked[article] for article, mine in sides.items() if mine}
    fullest = max(shares, key=lambda article: (len(sides[article]), shares[article]))
    return ArticlePair(
        first=key[0],
        second=key[1],
        splits=(split_of.get(key[0], ""), split_of.get(key[1], "")),
        shared=len(sides[fullest]),
        share=shares[fullest],
        example=max(chunks, key=lambda chunk: chunk.cosine),
    )
