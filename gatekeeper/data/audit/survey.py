"""What is in a bank: sizes, lengths, gaps, duplicates, similarity by distance, splits."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gatekeeper.data.audit.defects import Defect, Norms
from gates.contracts import Bank, IntArray, Window
from gates.similarity import Similarity, similarity_by_distance
from gates.windows import shared_articles, window_rows

DISTANCES = (1, 2, 3, 4, 5, 10)
PAIRS = 100_000
"""At most this many seeded pairs stand for a distance."""

_SHOWN = 5


@dataclass(frozen=True)
class Lengths:
    """Chunks an article: smallest, quartiles, largest, mean."""

    low: int
    quarter: float
    median: float
    three_quarters: float
    high: int
    mean: float


@dataclass(frozen=True)
class SplitSurvey:
    """A split: its articles and windows, and the articles it shares with later splits."""

    articles: int
    windows: int
    shared: Mapping[str, int]


@dataclass(frozen=True)
class Survey:
    """All that ``data info`` prints.

    Attributes:
        source: the file or folder. rows, dimension, articles: sizes.
        lengths: chunks an article.
        norms: of the stored vectors; None where they are unit by construction.
        gaps: breaks in the chunk index, with examples.
        duplicates: rows whose vector equals an earlier one's, with examples.
        defects: what keeps the file from being a bank.
        similarity: mean cosine by distance.
        splits: by name.
    """

    source: str
    rows: int
    dimension: int
    articles: int
    lengths: Lengths
    norms: Norms | None
    gaps: Defect
    duplicates: Defect
    defects: tuple[Defect, ...]
    similarity: tuple[Similarity, ...]
    splits: Mapping[str, SplitSurvey]


def survey(
    bank: Bank,
    splits: Mapping[str, IntArray],
    window: Window,
    *,
    norms: Norms | None = None,
    seed: int = 0,
) -> Survey:
    """Look at everything once.

    Args:
        bank: a bank.
        splits: name -> articles.
        window: for counting windows.
        norms: of the vectors as stored.
        seed: of the pairs that stand for a distance.
    """
    counts = np.unique(bank.articles, return_counts=True)[1]
    low, quarter, median, three, high = (float(q) for q in np.quantile(counts, [0, 0.25, 0.5, 0.75, 1]))
    return Survey(
        source=bank.source,
        rows=bank.rows,
        dimension=bank.dimension,
        articles=len(counts),
        lengths=Lengths(int(low), quarter, median, three, int(high), float(counts.mean())),
        norms=norms,
        gaps=find_gaps(bank),
        duplicates=find_duplicates(bank),
        defects=(),
        similarity=similarity_by_distance(bank, DISTANCES, confidence=0.95, most=PAIRS, seed=seed),
        splits=_survey_splits(bank, splits, window),
    )


def find_gaps(bank: Bank) -> Defect:
    """Places where the chunk index of an article jumps; no window crosses them."""
    rows = np.arange(1, bank.rows)
    breaks = rows[(bank.articles[1:] == bank.articles[:-1]) & (bank.run_first[1:] == rows)]
    examples = tuple(
        f"article {bank.id_of(bank.articles[row])}: chunk {bank.chunks[row - 1]} is followed by "
        f"{bank.chunks[row]}"
        for row in breaks[:_SHOWN]
    )
    return Defect("gaps in chunk indices", len(breaks), examples, fatal=False)


def find_duplicates(bank: Bank) -> Defect:
    """Rows whose vector occurred before, bit by bit."""
    places: dict[bytes, int] = {}
    twice: list[tuple[int, int]] = []
    count = 0
    for row in range(bank.rows):
        key = hashlib.blake2b(bank.vectors[row].data, digest_size=16).digest()
        first = places.setdefault(key, row)
        if first != row:
            count += 1
            if len(twice) < _SHOWN:
                twice.append((first, row))
    examples = tuple(
        f"article {bank.id_of(bank.articles[b])} chunk {bank.chunks[b]} repeats article "
        f"{bank.id_of(bank.articles[a])} chunk {bank.chunks[a]}"
        for a, b in twice
    )
    return Defect("exact duplicates of an earlier chunk", count, examples, fatal=False)


def _survey_splits(bank: Bank, splits: Mapping[str, IntArray], window: Window) -> dict[str, SplitSurvey]:
    shared = {(first, second): len(found) for first, second, found in shared_articles(splits)}
    return {
        name: SplitSurvey(
            articles=len(articles),
            windows=len(window_rows(bank, articles, window)),
            shared={b: count for (a, b), count in shared.items() if a == name},
        )
        for name, articles in splits.items()
    }
