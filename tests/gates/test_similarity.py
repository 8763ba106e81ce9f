"""Similarity by distance against a loop over pairs, and its one law: it cannot tell time's direction."""

import math

import numpy as np
import pytest

from gates import similarity
from gates.bank import build_bank
from gates.contracts import Bank
from gates.similarity import Similarity, pair_cosines, similarity_by_distance
from tests.gates import naive_intervals
from tests.gates.conftest import awkward_bank

ALL = 10**9
CONFIDENCE = 0.9
DISTANCES = (1, 2, 3, 7, 25)
SAME = 1e-7
"""Rounding of float32 products, which depends on where the rows lie in memory."""


def pairs_of(bank: Bank, distance: int) -> list[tuple[int, float]]:
    """(article, cosine) of every pair of chunks so far apart with no chunk missing in between."""
    chunks = {
        (int(article), int(chunk)): [float(entry) for entry in vector]
        for article, chunk, vector in zip(bank.articles, bank.chunks, bank.vectors, strict=True)
    }
    found = []
    for article, chunk in chunks:
        if all((article, chunk + step) in chunks for step in range(1, distance + 1)):
            one, two = chunks[article, chunk], chunks[article, chunk + distance]
            found.append((article, math.fsum(a * b for a, b in zip(one, two, strict=True))))
    return found


def by_distance(bank: Bank, *, most: int = ALL, seed: int = 0) -> tuple[Similarity, ...]:
    return similarity_by_distance(bank, DISTANCES, confidence=CONFIDENCE, most=most, seed=seed)


def mirrored(bank: Bank) -> Bank:
    """Every article read backward; chunk numbers become negative, which no rule forbids."""
    return build_bank(bank.vectors, bank.articles, -bank.chunks, source="mirrored")


@pytest.mark.parametrize("seed", range(3))
def test_every_distance_is_the_mean_over_all_its_pairs_with_a_clustered_interval(seed: int) -> None:
    bank = awkward_bank(seed=seed)
    found = by_distance(bank)
    assert [each.distance for each in found] == list(DISTANCES)
    for each in found:
        expected = pairs_of(bank, each.distance)
        articles, cosines = [a for a, _ in expected], [c for _, c in expected]
        metric = each.metric
        assert (metric.value, metric.low, metric.high) == pytest.approx(
            naive_intervals.of_mean(cosines, articles, CONFIDENCE), abs=1e-6
        )
        assert (metric.n, metric.articles) == (len(cosines), len(set(articles)))


def test_no_pair_crosses_an_article_or_a_gap() -> None:
    # Article 0 has chunks 0 1 2 and, after a gap, 4 5; article 1 has 6 7. Pairs: 01 12 45 67, then only 02.
    bank = build_bank(np.eye(7), np.repeat([0, 1], [5, 2]), np.array([0, 1, 2, 4, 5, 6, 7]), source="gap")
    one, two, three = similarity_by_distance(bank, (1, 2, 3), confidence=0.95, most=ALL, seed=0)
    assert (one.metric.n, two.metric.n) == (4, 1)
    assert (three.metric.value, three.metric.n, three.metric.reason) == (None, 0, "no sample")


@pytest.mark.parametrize("seed", range(3))
def test_similarity_is_the_same_read_forward_and_backward(seed: int) -> None:
    bank = awkward_bank(seed=seed)
    for ahead, behind in zip(by_distance(bank), by_distance(mirrored(bank)), strict=True):
        assert (ahead.metric.n, ahead.metric.articles) == (behind.metric.n, behind.metric.articles)
        assert ahead.metric.value == pytest.approx(behind.metric.value, abs=SAME)
        assert ahead.metric.low == pytest.approx(behind.metric.low, abs=SAME)
        assert ahead.metric.high == pytest.approx(behind.metric.high, abs=SAME)


def test_the_speeches_are_as_alike_forward_as_backward_and_less_with_distance(speeches: Bank) -> None:
    ahead, behind = by_distance(speeches), by_distance(mirrored(speeches))
    for one, two in zip(ahead, behind, strict=True):
        assert one.metric.value == pytest.approx(two.metric.value, abs=SAME)
    values = [each.metric.value or 0.0 for each in ahead]
    assert values == sorted(values, reverse=True)


def test_identical_chunks_have_cosine_one_and_opposite_ones_minus_one() -> None:
    vector = np.array([[0.6, 0.8]])
    bank = build_bank(np.concatenate([vector, vector, -vector]), np.zeros(3, int), np.arange(3), source="x")
    assert pair_cosines(bank, np.array([0, 1, 0]), np.array([1, 2, 2])).tolist() == [1.0, -1.0, -1.0]


@pytest.mark.parametrize("most", [1, 7, 50])
def test_a_draw_is_of_that_size_seeded_and_made_of_true_pairs(most: int) -> None:
    bank = awkward_bank()
    for each, again, other in zip(
        by_distance(bank, most=most),
        by_distance(bank, most=most),
        by_distance(bank, most=most, seed=1),
        strict=True,
    ):
        every = [cosine for _, cosine in pairs_of(bank, each.distance)]
        assert each == again
        assert each.metric.n == min(most, len(every)) == other.metric.n
        assert min(every) - 1e-6 <= (each.metric.value or 0.0) <= max(every) + 1e-6
        assert (each == other) == (len(every) <= most)


def test_a_draw_of_all_pairs_is_no_draw() -> None:
    bank = awkward_bank()
    count = len(pairs_of(bank, 1))
    assert by_distance(bank, most=count)[0] == by_distance(bank)[0]
    assert by_distance(bank, most=count - 1)[0].metric.n == count - 1


def test_a_draw_spreads_over_articles_and_stands_for_the_whole() -> None:
    rng = np.random.default_rng(0)
    drift = np.repeat(rng.standard_normal((50, 8)), 40, axis=0)
    bank = build_bank(
        drift + rng.standard_normal((2000, 8)),
        np.repeat(np.arange(50), 40),
        np.tile(np.arange(40), 50),
        source="many",
    )
    drawn, every = by_distance(bank, most=600)[0].metric, by_distance(bank)[0].metric
    assert drawn.articles == every.articles == 50
    assert drawn.low is not None
    assert drawn.high is not None
    assert drawn.low <= (every.value or 0.0) <= drawn.high


def test_the_size_of_the_blocks_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    bank = awkward_bank()
    first = np.arange(bank.rows - 1)
    whole = pair_cosines(bank, first, first + 1)
    monkeypatch.setattr(similarity, "_BLOCK", 13)
    assert pair_cosines(bank, first, first + 1).tolist() == whole.tolist()


def test_a_single_article_has_a_mean_but_no_interval() -> None:
    bank = build_bank(np.eye(4), np.zeros(4, int), np.arange(4), source="one")
    metric = similarity_by_distance(bank, (1,), confidence=0.95, most=ALL, seed=0)[0].metric
    assert (metric.value, metric.low, metric.high, metric.n, metric.articles) == (0.0, None, None, 3, 1)
    assert metric.reason == "an interval needs samples of at least 2 articles"
