"""What a survey says of a bank, against planted defects and plain counting."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from gatekeeper.data.audit.defects import Defect
from gatekeeper.data.audit.survey import (
    DISTANCES,
    PAIRS,
    Lengths,
    SplitSurvey,
    Survey,
    find_duplicates,
    find_gaps,
    survey,
)
from gates.bank import build_bank
from gates.contracts import Bank, DoubleArray, IntArray, Window
from gates.similarity import similarity_by_distance
from gates.windows import window_rows

GAPS, DUPLICATES = "gaps in chunk indices", "exact duplicates of an earlier chunk"


def bank_of(
    lengths: Sequence[int], *, chunks: Sequence[int] | None = None, vectors: DoubleArray | None = None
) -> Bank:
    """Articles 1, 3, 5, ... of the given lengths."""
    rows = sum(lengths)
    return build_bank(
        np.random.default_rng(0).standard_normal((rows, 6)) if vectors is None else vectors,
        np.repeat(1 + 2 * np.arange(len(lengths)), lengths),
        np.concatenate([np.arange(length) for length in lengths]) if chunks is None else np.array(chunks),
        source="bank.npz",
    )


def surveyed(
    bank: Bank, splits: Mapping[str, IntArray] | None = None, *, context: int = 5, horizon: int = 1
) -> Survey:
    return survey(bank, splits or {}, Window(context, horizon))


@pytest.mark.parametrize("seed", range(4))
def test_lengths_are_the_quantiles_of_the_chunks_an_article(seed: int) -> None:
    lengths = np.random.default_rng(seed).integers(1, 40, size=7 + seed).tolist()
    found = surveyed(bank_of(lengths))
    ordered = sorted(lengths)
    assert (found.rows, found.dimension, found.articles) == (sum(lengths), 6, len(lengths))
    assert (found.lengths.low, found.lengths.high) == (ordered[0], ordered[-1])
    assert found.lengths.mean == pytest.approx(sum(lengths) / len(lengths))

    def between(share: float) -> float:
        """Linear interpolation between the two order statistics around (n - 1) share."""
        place = (len(ordered) - 1) * share
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        return float(ordered[below] + (place - below) * (ordered[above] - ordered[below]))

    assert found.lengths.quarter == pytest.approx(between(0.25))
    assert found.lengths.median == pytest.approx(between(0.5))
    assert found.lengths.three_quarters == pytest.approx(between(0.75))


def test_a_single_article_has_one_length() -> None:
    assert surveyed(bank_of([7])).lengths == Lengths(7, 7.0, 7.0, 7.0, 7, 7.0)


def test_gaps_are_found_inside_articles_and_not_between_them() -> None:
    # Article 1: 0 1 | 3 4; article 3 starts at 4, which is no gap; article 5: 7 | 9 | 20.
    bank = bank_of([4, 3, 3], chunks=[0, 1, 3, 4, 4, 5, 6, 7, 9, 20])
    examples = (
        "article 1: chunk 1 is followed by 3",
        "article 5: chunk 7 is followed by 9",
        "article 5: chunk 9 is followed by 20",
    )
    assert find_gaps(bank) == Defect(GAPS, 3, examples, fatal=False)
    assert surveyed(bank).gaps == find_gaps(bank)


def test_a_gap_between_the_last_chunk_of_one_article_and_the_first_of_the_next_is_none() -> None:
    assert find_gaps(bank_of([3, 3], chunks=[0, 1, 2, 9, 10, 11])) == Defect(GAPS, 0, (), fatal=False)
    # Nor is it one where the numbers go on.
    assert find_gaps(bank_of([3, 3], chunks=[0, 1, 2, 3, 4, 5])).count == 0


def test_many_gaps_are_counted_and_five_are_shown() -> None:
    bank = bank_of([20], chunks=list(range(0, 40, 2)))
    assert (find_gaps(bank).count, len(find_gaps(bank).examples)) == (19, 5)


def test_duplicates_are_found_with_the_place_they_repeat() -> None:
    vectors = np.random.default_rng(1).standard_normal((12, 6))
    vectors[3] = vectors[2]  # its neighbour
    vectors[9] = vectors[0]  # another article
    vectors[11] = vectors[0]  # a third time
    found = find_duplicates(bank_of([4, 4, 4], vectors=vectors))
    examples = (
        "article 1 chunk 3 repeats article 1 chunk 2",
        "article 5 chunk 1 repeats article 1 chunk 0",
        "article 5 chunk 3 repeats article 1 chunk 0",
    )
    assert found == Defect(DUPLICATES, 3, examples, fatal=False)


def test_a_duplicate_is_the_same_direction_and_nothing_less() -> None:
    vectors = np.random.default_rng(2).standard_normal((8, 6))
    vectors[4] = 4.0 * vectors[0]  # as unit rows the same
    vectors[5] = -vectors[1]
    vectors[6] = vectors[2] + 1e-3
    found = find_duplicates(bank_of([4, 4], vectors=vectors))
    assert (found.count, found.examples) == (1, ("article 3 chunk 0 repeats article 1 chunk 0",))


@pytest.mark.parametrize("seed", range(3))
def test_duplicates_are_counted_as_by_comparing_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((9, 6))[rng.integers(0, 9, size=40)]
    bank = bank_of([10, 10, 10, 10], vectors=vectors)
    rows = [tuple(row) for row in bank.vectors.tolist()]
    assert find_duplicates(bank).count == sum(row in rows[:place] for place, row in enumerate(rows))


def test_similarity_is_that_of_the_bank_at_the_named_distances() -> None:
    bank = bank_of([30, 20, 25])
    assert surveyed(bank).similarity == similarity_by_distance(
        bank, DISTANCES, confidence=0.95, most=PAIRS, seed=0
    )
    assert [each.distance for each in surveyed(bank).similarity] == [1, 2, 3, 4, 5, 10]


@pytest.mark.parametrize(("context", "horizon"), [(5, 1), (3, 2)])
def test_splits_are_counted_with_their_windows(context: int, horizon: int) -> None:
    bank = bank_of([12, 9, 3, 15])
    splits = {"train": np.array([1, 5]), "val": np.array([3]), "ood": np.array([7])}
    found = surveyed(bank, splits, context=context, horizon=horizon).splits
    assert list(found) == ["train", "val", "ood"]
    for name, articles in splits.items():
        windows = len(window_rows(bank, articles, Window(context, horizon)))
        assert found[name] == SplitSurvey(len(articles), windows, {})
    # 12 - 5 chunks and none of article 5, which is too short.
    assert surveyed(bank, splits).splits["train"].windows == 7


def test_articles_that_splits_share_are_counted_once_a_pair() -> None:
    bank = bank_of([9, 9, 9, 9, 9])
    splits = {"train": np.array([1, 3, 5, 9]), "val": np.array([3, 5, 7]), "ood": np.array([5, 9])}
    found = surveyed(bank, splits).splits
    assert dict(found["train"].shared) == {"val": 2, "ood": 2}
    assert dict(found["val"].shared) == {"ood": 1}
    assert dict(found["ood"].shared) == {}
