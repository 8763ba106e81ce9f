"""Pools against brute force over article and chunk numbers."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.contracts import Window
from gates.pools import article_pools
from gates.windows import window_rows
from tests.gates.conftest import awkward_bank
from tests.gates.test_windows import bank_of


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.integers(0, 4), st.sets(st.integers(0, 16), min_size=1), min_size=1),
    st.integers(1, 5),
    st.integers(1, 3),
    st.randoms(use_true_random=False),
)
def test_a_pool_holds_what_can_be_a_target_and_was_not_read(
    chunks: dict[int, set[int]], context: int, horizon: int, shuffled: random.Random
) -> None:
    bank = bank_of({article: sorted(numbers) for article, numbers in sorted(chunks.items())})
    places = list(zip(bank.articles.tolist(), bank.chunks.tolist(), strict=True))
    rows = window_rows(bank, None, Window(context, horizon)).tolist()
    shuffled.shuffle(rows)
    seen = []
    for pool in article_pools(bank, np.array(rows, dtype=np.int64), Window(context, horizon)):
        assert (pool.sizes == pool.allowed.sum(axis=1)).all()
        for i, window in enumerate(pool.windows.tolist()):
            article, last = places[rows[window]]
            read = range(last - context + 1, last + 1)
            expected = {
                (article, c)
                for c in chunks[article]
                if c not in read and all(b in chunks[article] for b in range(c - horizon - context + 1, c))
            }
            assert {places[row] for row in pool.rows[pool.allowed[i]].tolist()} == expected
            assert places[pool.rows[pool.target[i]]] == (article, last + horizon)
            assert pool.allowed[i, pool.target[i]]
            seen.append(window)
    assert sorted(seen) == list(range(len(rows)))


def test_articles_come_in_the_order_of_the_bank_each_once() -> None:
    bank = awkward_bank()
    rows = window_rows(bank, None, Window(5, 1))[::-1]
    found = [int(bank.articles[pool.rows[0]]) for pool in article_pools(bank, rows, Window(5, 1))]
    assert found == [0, 1, 2, 3, 5, 6, 7]


@pytest.mark.parametrize(("length", "sizes"), [(6, [1]), (7, [2, 1]), (8, [3, 2, 1])])
def test_a_short_article_leaves_only_the_target(length: int, sizes: list[int]) -> None:
    # With L = 5 the rows from the sixth on can be targets; none of them is left once it was read.
    bank = bank_of({0: list(range(length))})
    pool = next(article_pools(bank, window_rows(bank, None, Window(5, 1)), Window(5, 1)))
    assert pool.sizes.tolist() == sizes
