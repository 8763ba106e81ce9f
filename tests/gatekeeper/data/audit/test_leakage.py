"""Duplicates between articles, whole and in lists, against a comparison of all pairs."""

import numpy as np
import pytest

from gatekeeper.data.audit import leakage
from gatekeeper.data.audit.leakage import ArticlePair, find_leakage
from gatekeeper.data.audit.near_pairs import WORK
from gates.bank import build_bank
from tests.gatekeeper.data.audit.leaks import (
    SPLITS,
    WIDTH,
    bank_of,
    by_all_pairs,
    near,
    planted,
    same,
    searched,
    vectors_of,
)

"""Article 6 and all later ones belong to none."""


def test_chunks_that_are_all_different_are_no_leak() -> None:
    found = searched(vectors_of())
    assert (found.rows, found.lists, found.pairs) == (80, None, ())
    assert found.limit.cosine == 0.98
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


@pytest.mark.parametrize(("cosine", "found"), [(0.999, 1), (0.981, 1), (0.979, 0), (0.9, 0), (-1.0, 0)])
def test_a_near_duplicate_is_one_from_a_cosine_of_98_per_cent(cosine: float, found: int) -> None:
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


@pytest.mark.parametrize("seed", range(6))
def test_every_pair_is_that_of_comparing_all_chunks_with_all(seed: int) -> None:
    vectors = planted(seed)
    expected = by_all_pairs(bank_of(vectors), {name: each.tolist() for name, each in SPLITS.items()})
    assert len(expected.pairs) > 5
    same(searched(vectors), expected)


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
