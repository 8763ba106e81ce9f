import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.bank import build_bank
from gates.contracts import Bank
from gates.windows import context_rows, draw, make_dataset, rows_digest, window_rows
from schemas.errors import DataError, UsageError

GOOD = np.random.default_rng(0).standard_normal((6, 4))
ARTICLES, CHUNKS = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 0, 1, 2])


def bank_of(chunks: dict[int, list[int]]) -> Bank:
    articles = [article for article, numbers in chunks.items() for _ in numbers]
    numbers = [number for numbers in chunks.values() for number in numbers]
    vectors = np.random.default_rng(0).standard_normal((len(articles), 4))
    return build_bank(vectors, np.array(articles), np.array(numbers), source="bank")


def with_row(row: int, value: float) -> np.ndarray:
    vectors = GOOD.copy()
    vectors[row] = value
    return vectors


@pytest.mark.parametrize(
    ("vectors", "articles", "chunks", "words"),
    [
        (GOOD[0], ARTICLES, CHUNKS, "must be a float matrix"),
        (np.ones((6, 4), dtype=int), ARTICLES, CHUNKS, "must be a float matrix"),
        (GOOD[:0], ARTICLES[:0], CHUNKS[:0], "the bank is empty"),
        (GOOD, ARTICLES[:5], CHUNKS, "article indices must be 6 integers"),
        (GOOD, ARTICLES, CHUNKS.astype(float), "chunk indices must be 6 integers"),
        (with_row(4, np.nan), ARTICLES, CHUNKS, r"1 vector row\(s\) hold NaN or infinity, first rows 4"),
        (with_row(2, np.inf), ARTICLES, CHUNKS, r"1 vector row\(s\) hold NaN or infinity, first rows 2"),
        (with_row(5, 0.0), ARTICLES, CHUNKS, r"1 vector row\(s\) are all zero, first rows 5"),
        (GOOD, ARTICLES, np.array([0, 1, 2, 0, 1, 1]), r"1 \(article, chunk\) pair\(s\) occur twice"),
    ],
)
def test_what_is_no_bank_is_refused(vectors: object, articles: object, chunks: object, words: str) -> None:
    with pytest.raises(DataError, match=f"bank.npz: .*{words}"):
        build_bank(vectors, articles, chunks, source="bank.npz")  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", [1e200, 1e300, 1e-200, 1e-300, 1e140, 1e-140])
def test_a_row_of_any_length_is_a_direction(scale: float) -> None:
    vectors = GOOD.astype(np.float64)
    plain = build_bank(vectors, ARTICLES, CHUNKS, source="bank")
    vectors[[1, 4]] *= scale
    bank = build_bank(vectors, ARTICLES, CHUNKS, source="bank")
    np.testing.assert_allclose(bank.vectors, plain.vectors, atol=1e-7)


def test_texts_must_match() -> None:
    with pytest.raises(DataError, match="expected 6 texts"):
        build_bank(GOOD, ARTICLES, CHUNKS, source="bank", texts=["a"])


def test_rows_are_sorted_and_unit_and_keep_their_texts() -> None:
    order = np.array([4, 0, 5, 2, 1, 3])
    texts = [f"text {row}" for row in order]
    bank = build_bank(GOOD[order], ARTICLES[order], CHUNKS[order], source="bank", texts=texts)
    assert bank.articles.tolist() == ARTICLES.tolist()
    assert bank.chunks.tolist() == CHUNKS.tolist()
    assert bank.texts == tuple(f"text {row}" for row in range(6))
    expected = GOOD / np.linalg.norm(GOOD, axis=1, keepdims=True)
    assert np.allclose(bank.vectors, expected, atol=1e-7)
    assert bank.sha256 == build_bank(GOOD, ARTICLES, CHUNKS, source="other").sha256
    assert bank.sha256 != build_bank(GOOD[::-1], ARTICLES, CHUNKS, source="bank").sha256


def test_float16_vectors_far_from_unit_length_are_normalised() -> None:
    vectors = (1000 * GOOD).astype(np.float16)
    lengths = np.linalg.norm(build_bank(vectors, ARTICLES, CHUNKS, source="b").vectors, axis=1)
    assert np.allclose(lengths, 1.0, atol=1e-6)


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
    rows = window_rows(bank, None, context=context, horizon=horizon)
    assert list(zip(bank.articles[rows].tolist(), bank.chunks[rows].tolist(), strict=True)) == expected
    for row, places in zip(rows, context_rows(rows, context), strict=True):
        assert bank.chunks[places].tolist() == list(
            range(bank.chunks[row] - context + 1, bank.chunks[row] + 1)
        )


def test_splits_must_not_share_an_article_nor_cross_a_gap() -> None:
    bank = bank_of({0: list(range(10)), 1: [0, 1, 2, 4, 5, 6], 2: list(range(9))})
    rows = window_rows(bank, np.array([0]), context=3, horizon=1)
    with pytest.raises(DataError, match=r"splits 'val' and 'ood' share 1 article\(s\), first article 0"):
        make_dataset(bank, {"val": rows[:2], "ood": rows[3:]}, context=3, horizon=1)
    with pytest.raises(DataError, match=r"1 window\(s\) cross an article or a gap .* \(article 1\)"):
        make_dataset(bank, {"val": np.array([12])}, context=3, horizon=1)
    with pytest.raises(DataError, match="split 'val' of bank has no window"):
        make_dataset(bank, {"val": rows[:0]}, context=3, horizon=1)
    with pytest.raises(DataError, match="names row 99"):
        make_dataset(bank, {"val": np.array([99])}, context=3, horizon=1)
    with pytest.raises(UsageError, match="context and horizon must be at least 1"):
        window_rows(bank, None, context=0, horizon=1)


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
