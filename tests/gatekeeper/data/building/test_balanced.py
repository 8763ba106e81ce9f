"""Splits that are made for a bank that has none: how large, how alike, and reproducible."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.data.building.balanced import LEAST, balanced_splits, held_out, usable_articles
from gates.bank import build_bank
from gates.contracts import Bank, Window
from schemas.errors import DataError

WINDOW = Window(5, 1)


def bank_of(lengths: list[int]) -> Bank:
    articles = np.repeat(np.arange(len(lengths)) * 7 + 3, lengths)
    vectors = np.random.default_rng(0).normal(size=(len(articles), 4)).astype(np.float32)
    return build_bank(vectors, articles, np.arange(len(articles)), source="lengths")


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 80), min_size=20, max_size=200), st.integers(0, 9))
def test_every_article_with_a_window_is_in_one_split_of_the_size_it_should_have(
    lengths: list[int], seed: int
) -> None:
    bank = bank_of(lengths)
    usable = usable_articles(bank, WINDOW)
    assert usable.tolist() == [number * 7 + 3 for number, length in enumerate(lengths) if length >= 6]
    if len(usable) < LEAST:
        with pytest.raises(DataError, match=f"must: {LEAST - len(usable)} are missing$"):
            balanced_splits(bank, WINDOW, seed=seed)
        return
    splits = balanced_splits(bank, WINDOW, seed=seed)
    assert sorted(np.concatenate(list(splits.values())).tolist()) == usable.tolist()
    assert len(splits["val"]) == len(splits["ood"]) == held_out(len(usable))
    again = balanced_splits(bank, WINDOW, seed=seed)
    assert all((splits[name] == again[name]).all() for name in splits)


@settings(deadline=None, max_examples=40)
@given(st.integers(60, 300), st.integers(0, 99))
def test_splits_have_articles_of_like_lengths(count: int, seed: int) -> None:
    lengths = np.exp(np.random.default_rng(seed).normal(4, 1, size=count)).astype(int) + 6
    bank = bank_of(lengths.tolist())
    splits = balanced_splits(bank, WINDOW, seed=seed)
    medians = [np.median(lengths[(articles - 3) // 7]) for articles in splits.values()]
    middle = np.median(lengths)
    ranks = [np.mean(lengths < each) for each in (*medians, middle)]
    assert max(ranks) - min(ranks) < 0.15  # a simple draw of 20 of 60 is often .2 away


def test_another_seed_divides_otherwise() -> None:
    bank = bank_of([30] * 60)
    one, other = (balanced_splits(bank, WINDOW, seed=seed)["val"].tolist() for seed in (0, 1))
    assert one != other
    assert len(set(one) & set(other)) < 15
