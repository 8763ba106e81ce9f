"""Vectors are joined as they are; what is none is refused by row."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gatekeeper.data.formats.vector_rows import Vectors
from schemas.errors import DataError
from tests.gatekeeper.data.formats.tables import MemoryTable


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_arrays_keep_their_numbers(dtype: npt.DTypeLike) -> None:
    blocks = np.random.default_rng(0).normal(size=(3, 2, 4)).astype(dtype)
    vectors = Vectors(MemoryTable({}))
    for block in blocks:
        vectors.add(block, [0, 1], "v")
    assert vectors.array().dtype == dtype
    assert np.array_equal(vectors.array(), blocks.reshape(6, 4))


@pytest.mark.parametrize("written", ["0.1", "0.10000000149011612"])
def test_a_written_number_is_the_float32_it_was(written: str) -> None:
    vectors = Vectors(MemoryTable({}))
    vectors.add([[float(written), 1], f"[{written}, 1]", f"[{written} 1]"], [0, 1, 2], "v")
    assert np.array_equal(vectors.array(), np.tile(np.array([0.1, 1], dtype=np.float32), (3, 1)))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1, 2], [1, 2, 3]], "t row 1: v must be a vector of 2 numbers; found a vector of width 3"),
        ([[1, 2], None], "t row 1: v must be a vector of 2 numbers; found nothing"),
        ([[]], r"t row 0: v must be a vector of a list of numbers; found list '\[\]'"),
        ([[1, "x"]], "found list"),
        ([[1, None], [1, 2]], "found list"),
        ([[[1, 2]]], "found list"),
        ([{"a": 1}], "found dict"),
        (["[1, two]"], "found str"),
        (["[1, 2"], "found str"),
        ([3], "found int '3'"),
    ],
)
def test_what_is_no_vector_is_refused_by_row(values: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Vectors(MemoryTable({})).add(values, range(len(values)), "v")


def test_batches_have_one_width() -> None:
    vectors = Vectors(MemoryTable({}))
    vectors.add([[1, 2]], [0], "v")
    with pytest.raises(
        DataError, match="t row 7: v must be a vector of 2 numbers; found a vector of width 3"
    ):
        vectors.add(np.ones((1, 3)), [7], "v")
