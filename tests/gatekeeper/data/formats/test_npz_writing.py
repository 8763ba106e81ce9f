"""Equal arrays give equal bytes, whole or in blocks."""

import io

import numpy as np
import pytest

from gatekeeper.data.formats.npz_writing import Blocks, npz_bytes, write_npz


def test_equal_arrays_give_equal_bytes() -> None:
    assert npz_bytes({"a": np.arange(5), "b": np.ones(2)}) == npz_bytes({"a": np.arange(5), "b": np.ones(2)})


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_an_array_in_blocks_is_written_as_the_whole_one(size: int) -> None:
    whole = np.random.default_rng(0).standard_normal((7, 3, 2)).astype(np.float32)
    blocks = Blocks(whole.shape, whole.dtype, (whole[i : i + size] for i in range(0, len(whole), size)))
    stream = io.BytesIO()
    write_npz(stream, {"a": blocks, "b": np.arange(3)})
    assert stream.getvalue() == npz_bytes({"a": whole, "b": np.arange(3)})


@pytest.mark.parametrize("shape", [(0, 4), (5,), (2, 0)])
def test_odd_shapes_in_blocks(shape: tuple[int, ...]) -> None:
    whole = np.ones(shape, dtype=np.float32)
    stream = io.BytesIO()
    write_npz(stream, {"a": Blocks(whole.shape, whole.dtype, iter([whole]))})
    assert stream.getvalue() == npz_bytes({"a": whole})
