"""Do the texts of a bank belong to its vectors? Told without the encoder, from word overlap.

Two chunks that share rare words have similar vectors, whatever encoder made them. Within an article the
overlap of two texts and the cosine of their vectors are therefore correlated, beyond what both owe to the
distance of the chunks. Texts that slipped by some places, run backwards or belong to another article lose
that correlation, and the true place of slipped ones shows where it comes back.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse

from gates.contracts import ArticleId, Bank, DoubleArray
from gates.intervals import mean_metric
from gates.seeded import hash_rows
from schemas.records.evidence import Metric

SHIFTS = (-3, -2, -1, 1, 2, 3)
ARTICLES = 500
"""At most this many seeded articles are looked at."""

LEAST, MOST = 20, 200
"""Chunks of an article: fewer say too little, and of more the first are looked at."""

BETTER = 0.15
"""A correlation greater by this is a better place. On the bundled speeches the best wrong place of an
article of 20 chunks or more stays below the right one by 0.01 in the worst case and by 0.32 in the median."""

TELLING, LOST = 0.2, 0.25
"""Where the median correlation is below the first, words say nothing; below this share of it, an article's
texts belong to other vectors."""

_DISTANCES = 8
_REVERSED = "in reverse order"


@dataclass(frozen=True)
class Misfit:
    """An article whose texts fit its vectors elsewhere, or nowhere.

    Attributes:
        article: its id. where: in words. here, there: correlation as stored, and in the better place.
    """

    article: ArticleId
    where: str
    here: float
    there: float


@dataclass(frozen=True)
class Alignment:
    """What the texts say.

    Attributes:
        looked: articles looked at. fit: mean correlation over them, as stored.
        telling: whether words say anything about these vectors; if not, no article is judged.
        misfits: articles that do not fit.
    """

    looked: int
    fit: Metric
    telling: bool
    misfits: tuple[Misfit, ...]


def find_misaligned(bank: Bank, texts: Sequence[str], *, confidence: float, seed: int) -> Alignment | None:
    """Correlate word overlap with cosine within articles.

    Args:
        bank: the bank.
        texts: of its rows.
        confidence: of the interval of the mean correlation.
        seed: of the draw of articles.

    Returns:
        None where no article is long enough.
    """
    firsts = np.unique(bank.article_first)
    firsts = firsts[bank.article_last[firsts] - firsts + 1 >= LEAST]
    order = np.argsort(hash_rows(bank.articles[firsts], seed=seed, stream="texts"), kind="stable")
    firsts = np.sort(firsts[order[:ARTICLES]])
    if not firsts.size:
        return None
    spans = [(int(row), int(min(bank.article_last[row] + 1, row + MOST))) for row in firsts]
    words = _weighted([texts[row] for first, last in spans for row in range(first, last)])
    places, start = [], 0
    for first, last in spans:
        block = words[start : start + last - first]
        start += last - first
        vectors = bank.vectors[first:last].astype(np.float64)
        places.append(_correlations(vectors @ vectors.T, np.asarray((block @ block.T).todense())))
    here = np.array([each[""] for each in places])
    best = np.array([max(each.values()) for each in places])
    articles, usual = bank.articles[firsts], float(np.median(best))
    telling = usual >= TELLING
    return Alignment(
        looked=len(firsts),
        fit=mean_metric(here, articles, confidence),
        telling=telling,
        misfits=tuple(_misfits([bank.id_of(each) for each in articles], places, usual)) if telling else (),
    )


def _misfits(
    articles: Sequence[ArticleId], places: Sequence[Mapping[str, float]], usual: float
) -> list[Misfit]:
    found = []
    for article, fits in zip(articles, places, strict=True):
        where, there = max(fits.items(), key=lambda item: item[1])
        if there - fits[""] >= BETTER and there >= TELLING:
            found.append(Misfit(article, f"fit better {where}", fits[""], there))
        elif fits[""] < LOST * usual:
            found.append(Misfit(article, "fit nowhere in it", fits[""], there))
    return found


def _correlations(cosines: DoubleArray, overlaps: DoubleArray) -> dict[str, float]:
    """Correlation as stored (""), moved by each shift, and reversed."""
    count = len(cosines)
    found = {"": _correlation(cosines, overlaps)}
    for shift in SHIFTS:
        low, high = max(0, -shift), min(count, count - shift)
        kept, moved = slice(low, high), slice(low + shift, high + shift)
        places = f"{abs(shift)} place{'' if abs(shift) == 1 else 's'}"
        side = "earlier" if shift > 0 else "later"
        found[f"{places} {side}"] = _correlation(cosines[kept, kept], overlaps[moved, moved])
    found[_REVERSED] = _correlation(cosines, overlaps[::-1, ::-1])
    return found


def _correlation(cosines: DoubleArray, overlaps: DoubleArray) -> float:
    """Of the pairs at each distance, each measured from the mean of its distance."""
    ours: list[DoubleArray] = []
    theirs: list[DoubleArray] = []
    for distance in range(1, _DISTANCES + 1):
        for kept, matrix in ((ours, cosines), (theirs, overlaps)):
            pairs = np.diagonal(matrix, distance)
            kept.append(pairs - pairs.mean())
    a, b = np.concatenate(ours), np.concatenate(theirs)
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0.0 else 0.0


def _weighted(texts: Sequence[str]) -> scipy.sparse.csr_matrix:
    """Unit rows of words, each weighted by how rare it is among these texts."""
    known: dict[str, int] = {}
    columns: list[int] = []
    ends = [0]
    for text in texts:
        words = dict.fromkeys(re.findall(r"\w+", text.lower()))
        columns += [known.setdefault(word, len(known)) for word in words]
        ends.append(len(columns))
    entries = np.array(columns, dtype=np.int64)
    rarity = np.log((1 + len(texts)) / (1 + np.bincount(entries, minlength=len(known))))
    values = rarity[entries]
    counts = np.diff(ends)
    squares = np.bincount(np.repeat(np.arange(len(texts)), counts), weights=values**2, minlength=len(texts))
    lengths = np.sqrt(np.repeat(squares, counts))
    values = np.divide(values, lengths, out=np.zeros_like(values), where=lengths > 0)
    return scipy.sparse.csr_matrix((values, entries, ends), shape=(len(texts), max(1, len(known))))
