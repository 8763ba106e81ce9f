import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.data.formats.npz import open_npz
from gatekeeper.data.formats.restricted_pickle import load_objects
from schemas.errors import DataError

# The two functions behind numpy's pickles, wherever this numpy keeps them.
RECONSTRUCT: Any = np.empty(0, dtype=object).__reduce__()[0]
SCALAR: Any = np.int64(0).__reduce__()[0]

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    max_leaves=12,
)


def load(data: bytes) -> list[object]:
    return load_objects(io.BytesIO(data), source="test", spend=lambda amount, what: None)[0]


def object_array(items: list[Any]) -> np.ndarray[Any, Any]:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


@given(st.lists(PLAIN, max_size=5), st.sampled_from([3, 4, 5]))
def test_plain_values_come_back(items: list[Any], protocol: int) -> None:
    assert load(pickle.dumps(object_array(items), protocol=protocol)) == items


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


class _Reduce:
    """Pickles as the call ``function(*arguments)``, then ``state`` applied to the result."""

    def __init__(self, function: object, arguments: tuple[object, ...], state: object = None) -> None:
        self.function, self.arguments, self.state = function, arguments, state

    def __reduce__(self) -> Any:  # noqa: ANN401  (as object declares it)
        return (self.function, self.arguments) + (() if self.state is None else (self.state,))


def test_a_payload_does_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    evil = object_array([_Reduce(eval, (f"__import__('pathlib').Path({str(mark)!r}).touch()",))])
    np.savez(tmp_path / "x.npz", metadata=evil)
    with pytest.raises(DataError) as caught, open_npz(tmp_path / "x.npz") as npz:
        npz.objects("metadata")
    assert "builtins.eval" in str(caught.value)
    assert "nothing was executed" in str(caught.value)
    assert not mark.exists()
    # The same bytes do run in the ordinary reader, so the test would notice.
    np.load(tmp_path / "x.npz", allow_pickle=True)["metadata"]
    assert mark.exists()


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


@pytest.mark.parametrize(
    "data", [b"", b"\x80\x04", b"garbage", b"N.", b"\x80\x04K\x01.", b"P1\n.", b"h\x05."]
)
def test_broken_pickles(data: bytes) -> None:
    with pytest.raises(DataError):
        load(data)


@given(st.binary(max_size=60))
def test_any_bytes_give_a_data_error_or_items(data: bytes) -> None:
    try:
        load(data)
    except DataError:
        return
    raise AssertionError("60 random bytes cannot be a pickled object array")


@given(st.data())
def test_damaged_pickles_never_escape(data: st.DataObject) -> None:
    original = pickle.dumps(object_array([{"article_index": 1, "x": np.int64(4)}]), protocol=4)
    position = data.draw(st.integers(0, len(original) - 1))
    damaged = bytearray(original)
    damaged[position] = data.draw(st.integers(0, 255))
    try:
        items = load(bytes(damaged))
    except DataError:
        return
    assert isinstance(items, list)


def test_shape_of_pickle_and_header_must_agree(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": (5,)})
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("metadata.npy", header.getvalue() + pickle.dumps(object_array([1]), protocol=4))
    with (
        pytest.raises(DataError, match=r"says shape \(5,\) but holds \(1,\)"),
        open_npz(tmp_path / "x.npz") as npz,
    ):
        npz.objects("metadata")
