import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.data.formats.npz import open_npz
from schemas.errors import DataError
from tests.gatekeeper.data.formats.pickles import _Reduce, load, object_array


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
