import numpy as np
import pytest

from gates.bank import build_bank
from schemas.errors import DataError

GOOD = np.random.default_rng(0).standard_normal((6, 4))


ARTICLES, CHUNKS = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 0, 1, 2])


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
