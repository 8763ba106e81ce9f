"""A bank from arrays in memory."""

from typing import Any

import numpy as np
import pytest

from gatekeeper.data.arrays import bank_of_arrays
from schemas.errors import DataError, UsageError

VECTORS = np.eye(4, dtype=np.float16)


def test_rows_count_as_they_stand_unless_their_places_are_given() -> None:
    bank = bank_of_arrays({"vectors": VECTORS, "articles": ["b", "b", "a", "a"], "texts": list("wxyz")})
    assert (bank.chunks.tolist(), bank.articles.tolist(), bank.ids) == (
        [0, 1, 0, 1],
        [0, 0, 1, 1],
        ("a", "b"),
    )
    assert bank.texts is not None
    assert list(bank.texts) == list("yzwx")
    places = bank_of_arrays(
        {"vectors": VECTORS, "articles": [7] * 4, "chunks": [3, 2, 1, 0], "titles": {7: "x"}}
    )
    assert places.vectors[0].tolist() == VECTORS[3].tolist()
    assert places.titles == {7: "x"}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"articles": [0]}, "expected vectors and articles; found articles"),
        ({}, "expected vectors and articles; found none"),
        ({"vectors": VECTORS, "articles": [0, 1]}, "article indices must be 4 integers or texts"),
        ({"vectors": VECTORS, "articles": [0, 1, 0, 1]}, "do not lie together"),
        ({"vectors": VECTORS, "articles": [1, "1", 1, 1]}, "numbers .* and text"),
        ({"vectors": VECTORS.astype(int), "articles": [0] * 4}, "vectors must be a float matrix"),
        ({"vectors": VECTORS, "articles": [0] * 4, "texts": ["a"]}, "expected 4 texts, one a vector"),
        ({"vectors": VECTORS, "articles": [0] * 4, "texts": "abcd"}, "one a vector; found the text 'abcd'"),
        ({"vectors": VECTORS, "articles": [0] * 4, "titles": ["a"]}, r"titles by article, .* found \['a'\]"),
        ({"vectors": VECTORS, "article": [0] * 4}, "'article' is unknown; did you mean 'articles'"),
    ],
)  # fmt: skip
def test_what_is_no_bank_is_told(arrays: dict[str, Any], message: str) -> None:
    with pytest.raises((DataError, UsageError), match=message) as caught:
        bank_of_arrays(arrays)
    assert str(caught.value).startswith("arrays: ")
