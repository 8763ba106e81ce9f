import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gatekeeper.data.formats.npz import Array, open_npz
from gatekeeper.data.formats.npz_writing import npz_bytes
from schemas.errors import DataError


def write(path: Path, **arrays: Array) -> Path:
    path.write_bytes(npz_bytes(arrays))
    return path


def fails(path: Path, key: str = "a") -> str:
    with pytest.raises(DataError) as caught, open_npz(path) as npz:
        npz.array(key)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f8", "<i4", "u1", "?", "<U3", "S2"])
@pytest.mark.parametrize("shape", [(), (0,), (7,), (7, 2, 3)])
def test_reads_what_numpy_reads(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape).astype(dtype)
    path = write(tmp_path / "x.npz", a=array)
    with np.load(path, allow_pickle=False) as expected, open_npz(path) as npz:
        np.testing.assert_array_equal(npz.array("a"), expected["a"])
        assert npz.array("a").dtype == array.dtype
        assert npz.header("a").shape == shape


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("rows", [1, 3, 7, 100])
def test_blocks_join_to_the_whole(tmp_path: Path, order: str, rows: int) -> None:
    array = np.arange(42.0).reshape(7, 2, 3)
    np.savez(tmp_path / "x.npz", a=np.asfortranarray(array) if order == "F" else array)
    with open_npz(tmp_path / "x.npz") as npz:
        blocks = list(npz.blocks("a", rows))
    np.testing.assert_array_equal(np.concatenate(blocks), array)
    assert all(len(block) <= rows for block in blocks)


def test_missing_file_folder_and_no_archive(tmp_path: Path) -> None:
    assert "found nothing" in fails(tmp_path / "no.npz")
    assert "found a folder" in fails(tmp_path)
    (tmp_path / "text.npz").write_text("no zip")
    assert "expected a complete .npz file" in fails(tmp_path / "text.npz")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_truncated(tmp_path: Path, share: float) -> None:
    data = npz_bytes({"a": np.random.default_rng(0).standard_normal((200, 20))})
    path = tmp_path / "x.npz"
    path.write_bytes(data[: int(len(data) * share)])
    assert "expected a complete .npz file" in fails(path)


def test_a_flipped_byte_is_noticed(tmp_path: Path) -> None:
    data = bytearray(npz_bytes({"a": np.random.default_rng(0).standard_normal((200, 20))}))
    data[len(data) // 2] ^= 0xFF
    path = tmp_path / "x.npz"
    path.write_bytes(data)
    assert "expected a complete .npz file" in fails(path)


def test_missing_array_names_those_there(tmp_path: Path) -> None:
    message = fails(write(tmp_path / "x.npz", b=np.ones(1), c=np.ones(1)))
    assert "expected an array 'a', found b, c" in message


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.array([{"x": 1}], dtype=object))
    assert "could run code" in fails(tmp_path / "x.npz")


def npy(header: str, data: bytes) -> bytes:
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


@pytest.mark.parametrize(
    "member",
    [
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }", b"12345678"),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -1), }", b"12345678"),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", b"12345678"),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", b"1234567812345678"),
        npy("{'descr': [('x', '|O')], 'fortran_order': False, 'shape': (1,), }", b"12345678"),
        npy("{'descr': 'nonsense', 'fortran_order': False, 'shape': (1,), }", b"12345678"),
        npy("__import__('os')", b""),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1L, }", b"12345678"),
        npy("-" * 9000 + "1", b"12345678"),
        npy("(" * 9000, b"12345678"),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 'x'), }", b"12345678"),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': 9999999999999999999999, }", b"12345678"),
        b"\x93NUMPY\x09\x00",
        b"",
    ],
)
def test_lying_headers(tmp_path: Path, member: bytes) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.npy", member)
    (tmp_path / "x.npz").write_bytes(buffer.getvalue())
    fails(tmp_path / "x.npz")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("number", [0x110000, 0x7FFFFFFF, 0xFFFFFFFF])
def test_numbers_that_are_no_characters(tmp_path: Path, order: str, number: int) -> None:
    array = np.array([65, number, 66], dtype=f"{order}u4")
    path = write(tmp_path / "x.npz", a=array.view(f"{order}U3"))
    assert "array 'a' holds numbers that are no characters" in fails(path)
    with pytest.raises(DataError, match="no characters"), open_npz(path) as npz:
        npz.texts("a")
