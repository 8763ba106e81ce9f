"""Texts that slipped, run backwards or belong to another article are found; texts in place are not."""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from gatekeeper.data.audit.text_alignment import ARTICLES, BETTER, LEAST, MOST, Alignment, find_misaligned
from gatekeeper.data.formats.bundled import read_bundled
from gates.bank import build_bank
from gates.contracts import Bank
from gates.intervals import mean_metric

Change = Callable[[list[str]], list[str]]

ARTICLE = 3
"""A speech of 103 chunks."""


@pytest.fixture(scope="module")
def speeches() -> Bank:
    return read_bundled().bank


def texts_of(bank: Bank) -> list[str]:
    assert bank.texts is not None
    return list(bank.texts)


def looked_at(bank: Bank, texts: Sequence[str]) -> Alignment:
    found = find_misaligned(bank, texts, confidence=0.95, seed=0)
    assert found is not None
    return found


def planted(bank: Bank, change: Change, articles: Sequence[int] = (ARTICLE,)) -> list[str]:
    texts = texts_of(bank)
    for article in articles:
        rows = np.flatnonzero(bank.articles == article)
        for row, text in zip(rows, change([texts[row] for row in rows]), strict=True):
            texts[row] = text
    return texts


def mixed(texts: list[str]) -> list[str]:
    return [texts[i] for i in np.random.default_rng(0).permutation(len(texts))]


def reference(bank: Bank, texts: Sequence[str], article: int, shift: int = 0) -> float:
    """The correlation in plain Python, over pairs at most 8 apart; rarity counted in this article alone."""
    rows = np.flatnonzero(bank.articles == article)[:MOST]
    bags = [set(re.findall(r"\w+", texts[row].lower())) for row in rows]
    seen = Counter(word for bag in bags for word in bag)
    rare = {word: math.log((1 + len(bags)) / (1 + count)) for word, count in seen.items()}

    def overlap(i: int, j: int) -> float:
        a, b = (math.fsum(rare[word] ** 2 for word in bags[k]) for k in (i, j))
        return math.fsum(rare[word] ** 2 for word in bags[i] & bags[j]) / math.sqrt(a * b)

    places = [i for i in range(len(rows)) if 0 <= i + shift < len(rows)]
    xs: list[float] = []
    ys: list[float] = []
    for distance in range(1, 9):
        pairs = [(i, i + distance) for i in places if i + distance in places]
        x = [float(bank.vectors[rows[i]] @ bank.vectors[rows[j]]) for i, j in pairs]
        y = [overlap(i + shift, j + shift) for i, j in pairs]
        xs += [value - math.fsum(x) / len(x) for value in x]
        ys += [value - math.fsum(y) / len(y) for value in y]
    return float(np.corrcoef(xs, ys)[0, 1])


@pytest.mark.parametrize("shift", [0, 1, -2])
def test_the_correlation_is_that_of_a_plain_calculation(speeches: Bank, shift: int) -> None:
    # One article alone, so that words are as rare as the reference counts them.
    own = speeches.articles == ARTICLE
    texts = [text for text, kept in zip(texts_of(speeches), own, strict=True) if kept]
    bank = build_bank(speeches.vectors[own], speeches.articles[own], speeches.chunks[own], source="one")
    moved = texts[-shift:] + texts[:-shift] if shift else texts
    here = find_misaligned(bank, moved, confidence=0.95, seed=0)
    assert here is not None
    assert here.fit.value == pytest.approx(reference(bank, moved, ARTICLE), abs=1e-6)
    if shift:
        (misfit,) = here.misfits
        assert misfit.here == pytest.approx(here.fit.value, abs=1e-12)
        assert misfit.there == pytest.approx(reference(bank, moved, ARTICLE, shift), abs=1e-6)
        assert misfit.there == pytest.approx(reference(bank, texts, ARTICLE), abs=0.05)


def test_the_texts_of_the_speeches_are_in_place(speeches: Bank) -> None:
    found = looked_at(speeches, texts_of(speeches))
    lengths = np.unique(speeches.articles, return_counts=True)[1]
    assert found.looked == int((lengths >= LEAST).sum())
    assert found.telling
    assert found.misfits == ()
    assert (found.fit.low or 0.0) > 0.35


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda texts: texts[-1:] + texts[:-1], "fit better 1 place earlier"),
        (lambda texts: texts[-3:] + texts[:-3], "fit better 3 places earlier"),
        (lambda texts: texts[1:] + texts[:1], "fit better 1 place later"),
        (lambda texts: texts[2:] + texts[:2], "fit better 2 places later"),
        (lambda texts: texts[::-1], "fit better in reverse order"),
        (mixed, "fit nowhere in it"),
        (lambda texts: ["the same"] * len(texts), "fit nowhere in it"),
        (lambda texts: ["..."] * len(texts), "fit nowhere in it"),
    ],
)
def test_texts_out_of_place_are_named_with_their_place(speeches: Bank, change: Change, where: str) -> None:
    found = looked_at(speeches, planted(speeches, change, (ARTICLE, 50)))
    assert [(each.article, each.where) for each in found.misfits] == [(ARTICLE, where), (50, where)]
    if "better" in where:
        assert all(each.there >= each.here + BETTER for each in found.misfits)


def test_texts_of_another_article_are_found(speeches: Bank) -> None:
    texts = texts_of(speeches)
    one, two = (np.flatnonzero(speeches.articles == article)[:30] for article in (3, 50))
    for a, b in zip(one, two, strict=True):
        texts[a], texts[b] = texts[b], texts[a]
    kept = np.isin(np.arange(speeches.rows), np.concatenate([one, two])) | ~np.isin(
        speeches.articles, (3, 50)
    )
    bank = build_bank(speeches.vectors[kept], speeches.articles[kept], speeches.chunks[kept], source="two")
    found = looked_at(bank, [text for text, left in zip(texts, kept, strict=True) if left])
    assert {each.article for each in found.misfits} == {3, 50}


def test_a_whole_bank_whose_texts_slipped_is_found_article_by_article(speeches: Bank) -> None:
    texts = texts_of(speeches)
    found = looked_at(speeches, texts[-1:] + texts[:-1])
    assert len(found.misfits) > 0.95 * found.looked
    named = [each.where for each in found.misfits]
    assert named.count("fit better 1 place earlier") > 0.95 * len(named)
    assert abs(found.fit.value or 1.0) < 0.1


def test_where_words_say_nothing_no_article_is_judged(speeches: Bank) -> None:
    found = looked_at(speeches, mixed(texts_of(speeches)))
    assert not found.telling
    assert found.misfits == ()
    assert abs(found.fit.value or 1.0) < 0.05


@pytest.mark.parametrize(("length", "judged"), [(LEAST - 1, False), (LEAST, True)])
def test_short_articles_are_not_judged(speeches: Bank, length: int, judged: bool) -> None:
    kept = speeches.chunks < length
    bank = build_bank(speeches.vectors[kept], speeches.articles[kept], speeches.chunks[kept], source="short")
    texts = [text for text, left in zip(texts_of(speeches), kept, strict=True) if left]
    assert (find_misaligned(bank, texts, confidence=0.95, seed=0) is not None) is judged


def test_of_many_articles_a_seeded_draw_is_looked_at() -> None:
    rng = np.random.default_rng(0)
    count = ARTICLES + 20
    articles = np.repeat(np.arange(count), LEAST)
    bank = build_bank(
        rng.standard_normal((len(articles), 4)), articles, np.tile(np.arange(LEAST), count), source="many"
    )
    words = [" ".join(map(str, rng.integers(0, 50, 5))) for _ in articles]
    one, same, other = (find_misaligned(bank, words, confidence=0.95, seed=seed) for seed in (0, 0, 1))
    assert one is not None
    assert one == same
    assert one.looked == ARTICLES
    assert other is not None
    assert other.fit != one.fit


def test_the_interval_is_over_articles(speeches: Bank) -> None:
    found = looked_at(speeches, texts_of(speeches))
    assert (found.fit.n, found.fit.articles) == (found.looked, found.looked)
    spread = mean_metric(np.array([0.3, 0.5]), np.array([0, 1]), 0.95)
    assert (found.fit.high or 0.0) - (found.fit.low or 0.0) < (spread.high or 0.0) - (spread.low or 0.0)
