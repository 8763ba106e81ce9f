"""What numpy's names in a pickle mean here."""

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.errors import DataError
from tests.gatekeeper.data.formats.pickles import _Reduce, load, object_array

# The two functions behind numpy's pickles, wherever this numpy keeps them.
RECONSTRUCT: Any = np.empty(0, dtype=object).__reduce__()[0]


SCALAR: Any = np.int64(0).__reduce__()[0]


@pytest.mark.parametrize(
    ("scalar", "expected"),
    [
        (np.int64(-5), -5),
        (np.uint8(200), 200),
        (np.dtype(">i4").type(7), 7),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("chunk é"), "chunk é"),
        (np.str_(""), ""),
        (np.complex128(1), None),
        (np.datetime64("2020-01-01"), None),
    ],
)
def test_numpy_scalars_become_python_values(scalar: object, expected: object) -> None:
    data = pickle.dumps(object_array([{"x": scalar}]), protocol=4)
    if expected is None:
        with pytest.raises(DataError, match="numpy scalar"):
            load(data)
        return
    (record,) = load(data)
    assert isinstance(record, dict)
    assert record["x"] == expected
    assert type(record["x"]) is type(expected)


def test_a_big_endian_scalar_keeps_its_value() -> None:
    # What numpy writes for np.array([258], '>i2')[0], with the byte order spelled out.
    items = load(pickle.dumps(object_array([_Reduce(SCALAR, (np.dtype(">i2"), b"\x01\x02"))])))
    assert items == [258]


@pytest.mark.parametrize(
    "evil",
    [
        OrderedDict(a=1),
        Path("x"),
        {1, 2}.__class__,
        np.ndarray,
        _Reduce(np.ndarray, ((10**12,),)),
        _Reduce(np.ndarray, ((1,), "O", b"AAAAAAAA")),
        _Reduce(RECONSTRUCT, (list, (0,), b"b")),
        _Reduce(RECONSTRUCT, (np.ndarray, (10**12,), b"d"), (1, (10**12,), np.dtype("f8"), False, b"")),
        _Reduce(RECONSTRUCT, (np.ndarray, (0,), b"b"), (1, (9,), np.dtype("O"), False, [])),
        _Reduce(RECONSTRUCT, (np.ndarray, (0,), b"b"), (1, (1,), np.dtype("O"), False, b"AAAAAAAA")),
        _Reduce(RECONSTRUCT, (np.ndarray, (0,), b"b"), "state"),
        _Reduce(SCALAR, (np.dtype("O"), b"AAAAAAAA")),
        _Reduce(SCALAR, (np.dtype("i8"), b"short")),
        _Reduce(SCALAR, (np.dtype([("a", "O")]), b"AAAAAAAA")),
        _Reduce(np.dtype, ("O" * 100,)),
        _Reduce(np.dtype, ("i8",), (3, "<", None, ("a",), {"a": 1}, 8, 1, 0)),
    ],
)
def test_globals_and_evil_arguments_are_refused(evil: object) -> None:
    data = pickle.dumps(object_array([evil]), protocol=4) if not isinstance(evil, type) else None
    if data is None:
        data = pickle.dumps(evil, protocol=4)
    with pytest.raises(DataError) as caught:
        load(data)
    assert "\n" not in str(caught.value)


def test_state_cannot_be_put_on_the_known_names() -> None:
    # numpy.dtype, then a BUILD with a dict: must not change the shared stand-in.
    data = b"cnumpy\ndtype\n(dVname\nVscalar\nsb."
    with pytest.raises(DataError, match="change to numpy's dtype"):
        load(data)
    assert load(pickle.dumps(object_array([np.int64(3)]), protocol=4)) == [3]
