"""Chunks that occur twice: the same text in two articles, above all in two splits."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gatekeeper.data.audit.near_limit import NearLimit, near_limit
from gatekeeper.data.audit.near_pairs import WORK, lists_for, near_pairs
from gates.contracts import ArticleId, Bank, IntArray

_MOST = 32
"""Others that are kept of a chunk at a time: boilerplate that thousands share needs no list of all pairs."""


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
        first, second: their ids, ascending. splits: of each; "" where in none.
        shared: chunks of the article that has more of them in the other one.
        share: of that article's chunks.
        example: one shared pair.
    """

    first: ArticleId
    second: ArticleId
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
        rows: of the bank. limit: from which two chunks are the same text.
        lists: how many the bank was divided into, of which each chunk was compared with the nearest; None
            where all were compared with all.
        pairs: articles that share chunks, most shared first.
        held_out: split -> (its rows, of them with a near duplicate in another split).
    """

    rows: int
    limit: NearLimit
    lists: int | None
    pairs: tuple[ArticlePair, ...]
    held_out: Mapping[str, tuple[int, int]]


def find_leakage(bank: Bank, splits: Mapping[str, IntArray], *, seed: int, work: float = WORK) -> Leakage:
    """Compare every chunk with those of other articles.

    Args:
        bank: the bank.
        splits: name -> articles.
        seed: of the lists, where the bank is divided.
        work: bound on the arithmetic of comparing all with all; a larger bank is divided into lists.
    """
    split_of = {int(article): name for name, articles in splits.items() for article in articles}
    split = _split_of_rows(bank, splits)
    leaking = np.zeros(bank.rows, dtype=np.bool_)
    by_pair: dict[tuple[int, int], list[SharedChunk]] = defaultdict(list)
    lists, limit = lists_for(bank, work), near_limit(bank, seed=seed)
    for rows, others, cosines in near_pairs(bank, lists, near=limit.cosine, seed=seed):
        across = (split[rows] >= 0) & (split[others] >= 0) & (split[rows] != split[others])
        leaking[rows[across]] = True
        leaking[others[across]] = True
        kept = _first_of_each(rows, _MOST)
        for first, second, cosine in zip(
            rows[kept].tolist(), others[kept].tolist(), cosines[kept].tolist(), strict=True
        ):
            one, two = int(bank.articles[first]), int(bank.articles[second])
            by_pair[min(one, two), max(one, two)].append(SharedChunk(first, second, cosine))
    lengths = dict(
        zip(*(each.tolist() for each in np.unique(bank.articles, return_counts=True)), strict=True)
    )
    pairs = [_pair(bank, key, chunks, lengths, split_of) for key, chunks in sorted(by_pair.items())]
    pairs.sort(key=lambda pair: -pair.shared)
    held_out = {
        name: (int((split == i).sum()), int(leaking[split == i].sum())) for i, name in enumerate(splits)
    }
    return Leakage(bank.rows, limit, lists, tuple(pairs), held_out)


def _split_of_rows(bank: Bank, splits: Mapping[str, IntArray]) -> IntArray:
    """(N,) place of each row's split among the splits, -1 where it is in none."""
    found = np.full(bank.rows, -1, dtype=np.int64)
    for place, articles in enumerate(splits.values()):
        found[np.isin(bank.articles, articles)] = place
    return found


def _first_of_each(rows: IntArray, most: int) -> IntArray:
    """Places of at most ``most`` occurrences of each row; equal rows are neighbours."""
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    counts = np.diff(np.append(starts, len(rows)))
    rank = np.arange(len(rows)) - np.repeat(starts, counts)
    return np.flatnonzero(rank < most)


def _pair(
    bank: Bank,
    key: tuple[int, int],
    chunks: list[SharedChunk],
    lengths: Mapping[int, int],
    split_of: Mapping[int, str],
) -> ArticlePair:
    rows = {row for chunk in chunks for row in (chunk.first, chunk.second)}
    sides = {article: {row for row in rows if bank.articles[row] == article} for article in key}
    shares = {article: len(mine) / lengths[article] for article, mine in sides.items()}
    fullest = max(shares, key=lambda article: (len(sides[article]), shares[article]))
    return ArticlePair(
        first=bank.id_of(key[0]),
        second=bank.id_of(key[1]),
        splits=(split_of.get(key[0], ""), split_of.get(key[1], "")),
        shared=len(sides[fullest]),
        share=shares[fullest],
        example=max(chunks, key=lambda chunk: chunk.cosine),
    )
