"""Windows, splits and draws against brute force."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.bank import build_bank
from gates.contracts import Bank, Window
from gates.windows import at_most, context_rows, draw, make_dataset, rows_digest, window_rows
from schemas.errors import DataError, UsageError


def bank_of(chunks: dict[int, list[int]]) -> Bank:
    articles = [article for article, numbers in chunks.items() for _ in numbers]
    numbers = [number for numbers in chunks.values() for number in numbers]
    vectors = np.random.default_rng(0).standard_normal((len(articles), 4))
    return build_bank(vectors, np.array(articles), np.array(numbers), source="bank")


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.integers(0, 5), st.sets(st.integers(0, 14), min_size=1), min_size=1),
    st.integers(1, 5),
    st.integers(1, 3),
)
def test_windows_agree_with_brute_force(chunks: dict[int, set[int]], context: int, horizon: int) -> None:
    bank = bank_of({article: sorted(numbers) for article, numbers in sorted(chunks.items())})
    expected = [
        (article, last)
        for article, numbers in sorted(chunks.items())
        for last in sorted(numbers)
        if all(c in numbers for c in range(last - context + 1, last + horizon + 1))
    ]
    rows = window_rows(bank, None, Window(context, horizon))
    assert list(zip(bank.articles[rows].tolist(), bank.chunks[rows].tolist(), strict=True)) == expected
    for row, places in zip(rows, context_rows(rows, context), strict=True):
        assert bank.chunks[places].tolist() == list(
            range(bank.chunks[row] - context + 1, bank.chunks[row] + 1)
        )


def test_splits_must_not_share_an_article_nor_cross_a_gap() -> None:
    bank = bank_of({0: list(range(10)), 1: [0, 1, 2, 4, 5, 6], 2: list(range(9))})
    rows = window_rows(bank, np.array([0]), Window(3, 1))
    with pytest.raises(DataError, match=r"splits 'val' and 'ood' share 1 article\(s\), first article 0"):
        make_dataset(bank, {"val": rows[:2], "ood": rows[3:]}, Window(3, 1))
    with pytest.raises(DataError, match=r"1 window\(s\) cross an article or a gap .* \(article 1\)"):
        make_dataset(bank, {"val": np.array([12])}, Window(3, 1))
    with pytest.raises(DataError, match="split 'val' of bank has no window"):
        make_dataset(bank, {"val": rows[:0]}, Window(3, 1))
    with pytest.raises(DataError, match="names row 99"):
        make_dataset(bank, {"val": np.array([99])}, Window(3, 1))
    with pytest.raises(UsageError, match="context and horizon must be at least 1"):
        window_rows(bank, None, Window(0, 1))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 2**31))
def test_a_draw_is_nested_and_does_not_depend_on_order(small: int, large: int, seed: int) -> None:
    rows = np.arange(100, 400)
    small, large = sorted((small, large))
    shuffled = np.random.default_rng(seed).permutation(rows)
    first = draw(rows, count=small, seed=seed)
    assert set(first.tolist()) <= set(draw(shuffled, count=large, seed=seed).tolist())
    assert len(first) == min(small, 300)
    assert first.tolist() == sorted(set(first.tolist()))
    assert rows_digest(first) == rows_digest(first[::-1])


def test_a_draw_spreads_over_all_articles() -> None:
    # 100 articles of 50 windows each: 1000 draws miss an article with chance below 1e-2 in all.
    rows = np.arange(5000)
    drawn = draw(rows, count=1000, seed=0)
    assert len(np.unique(drawn // 50)) == 100
    assert drawn.tolist() != draw(rows, count=1000, seed=1).tolist()
    with pytest.raises(UsageError, match="at least 1"):
        draw(rows, count=0, seed=0)


LENGTHS = st.lists(st.integers(1, 30), min_size=1, max_size=8)


@given(LENGTHS, st.integers(1, 30), st.integers(0, 20), st.integers(0, 5), st.randoms())
def test_windows_of_an_article_are_drawn_article_by_article(
    lengths: list[int], most: int, more: int, seed: int, shuffle: Random
) -> None:
    articles = np.repeat(np.arange(len(lengths)), lengths)
    bank = build_bank(
        np.random.default_rng(0).standard_normal((len(articles), 4)),
        articles,
        np.arange(len(articles)),
        source="b",
    )
    rows = np.arange(len(articles))
    shuffled = rows.tolist()
    shuffle.shuffle(shuffled)
    found = at_most(bank, np.array(shuffled), per_article=most, seed=seed)
    assert found.tolist() == sorted(set(found.tolist()))
    assert np.bincount(bank.articles[found]).tolist() == [min(length, most) for length in lengths]
    assert set(found.tolist()) <= set(at_most(bank, rows, per_article=most + more, seed=seed).tolist())
    # An article's own draw does not hang on the others.
    first = rows[bank.articles == 0]
    alone = at_most(bank, first, per_article=most, seed=seed)
    assert alone.tolist() == found[bank.articles[found] == 0].tolist()
    assert at_most(bank, np.array(shuffled), per_article=None, seed=seed).tolist() == rows.tolist()


def test_the_seed_chooses_the_windows_of_an_article() -> None:
    articles = np.repeat(np.arange(3), 40)
    bank = build_bank(
        np.random.default_rng(0).standard_normal((120, 4)), articles, np.arange(len(articles)), source="b"
    )
    drawn = [at_most(bank, np.arange(120), per_article=10, seed=seed).tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    with pytest.raises(UsageError, match="at least 1; found 0"):
        at_most(bank, np.arange(120), per_article=0, seed=0)
