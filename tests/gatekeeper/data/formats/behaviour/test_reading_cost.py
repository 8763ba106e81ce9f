"""Small files must not cost much: what is declared is counted before it is read."""

import io
import struct
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gatekeeper.data.formats.bank import read_bank
from gatekeeper.data.formats.sequences import read_sequences
from gates.contracts import Bank
from schemas.errors import DataError
from tests.cost import MIB, check_cost, cost_of

ROWS, WIDTH = 40, 8
VECTORS = np.random.default_rng(0).standard_normal((ROWS, WIDTH)).astype("<f4")
Member = tuple[str, tuple[int, ...], bytes, int]
"""Type, shape, some bytes, and how many bytes they are repeated to."""

Members = Mapping[str, Member | npt.NDArray[Any]]

ORDINARY: Members = {
    "vectors": VECTORS,
    "article_indices": np.repeat(np.arange(4), 10),
    "chunk_indices": np.tile(np.arange(10), 4),
}


def write(path: Path, members: Members, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write an archive member by member; none is ever held whole."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, member in members.items():
            if isinstance(member, np.ndarray):
                member = member.dtype.str, member.shape, member.tobytes(), member.nbytes
            info = zipfile.ZipInfo(f"{name}.npy")
            info.compress_type = compression
            with archive.open(info, "w", force_zip64=True) as stream:
                for piece in pieces(*member):
                    stream.write(piece)
    return path


def pieces(dtype: str, shape: tuple[int, ...], data: bytes, total: int) -> Iterator[bytes]:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": dtype, "fortran_order": False, "shape": shape})
    yield header.getvalue()
    while total > 0:
        yield data[:total]
        total -= len(data)


def pickled(data: bytes) -> Member:
    return "|O", (ROWS,), b"\x80\x04" + data + b".", len(data) + 3


def scalars() -> bytes:
    """One text of a megabyte, asked for a hundred thousand times."""
    text = b"B" + struct.pack("<I", 2**20) + bytes(2**20) + b"q\x02"
    names = b"cnumpy._core.multiarray\nscalar\nq\x00cnumpy\ndtype\nX\x07\x00\x00\x00U262144\x85Rq\x01"
    return names + text + b"h\x00h\x01h\x02\x86R" * 100_000


MANY_AXES = (
    b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tC\x01btR(K\x01("
    + b"K\x02" * 100_000
    + b"tcnumpy\ndtype\n(X\x02\x00\x00\x00O8tR\x89]tb"
)

ZEROS = bytes(MIB)
HALVES = np.ones(MIB // 2, dtype="<f2").tobytes()

BOMBS: dict[str, tuple[Members, str]] = {
    "vectors": (
        {"vectors": ("<f2", (20_000, 2_000), HALVES, 80_000_000), "article_indices": np.arange(20_000)},
        "array 'vectors' would bring the memory for this file",
    ),
    "a vector of a million numbers": (
        {"vectors": ("<f2", (ROWS, 2**20 + 1), HALVES, 2 * ROWS * (2**20 + 1))},
        "its vectors have width 1048577; at most 1048576 is read",
    ),
    "articles": (
        {"article_indices": ("<i8", (10**7,), ZEROS, 8 * 10**7)},
        "article indices must be 40 integers, one a vector; found int64 (10000000,)",
    ),
    "chunks": (
        {"chunk_indices": ("<i8", (10**7,), ZEROS, 8 * 10**7)},
        "chunk indices must be 40 integers, one a vector; found int64 (10000000,)",
    ),
    "twice as many texts": (
        {"concept_texts": ("<U1000", (ROWS * 2,), b"a\0\0\0" * 1000, ROWS * 8_000)},
        "expected 40 texts, one a vector; found concept_texts (80,)",
    ),
    "a text with room for 100 million characters": (
        {"concept_texts": ("<U100000000", (ROWS,), ZEROS, 0)},
        "says (40,) of <U100000000 but holds 0 bytes",
    ),
    "joined texts": (
        {
            "texts_utf8": ("|u1", (200_000_000,), b"a" * MIB, 200_000_000),
            "text_offsets": np.array([*range(ROWS), 200_000_000]),
        },
        "array 'texts_utf8' would bring the memory for this file",
    ),
    "titles": (
        {"article_titles": ("<U1", (10**7,), ZEROS, 4 * 10**7)},
        "array 'article_titles' would bring the memory for this file",
    ),
    "empty dicts": ({"concept_texts": pickled(b"}" * 3_000_000)}, "the pickled values would bring"),
    "marks": ({"concept_texts": pickled(b"(" * 3_000_000)}, "the pickled values would bring"),
    "a text used again and again": ({"concept_texts": pickled(scalars())}, "the pickled values would bring"),
    "a long text": (
        {"concept_texts": pickled(b"X" + struct.pack("<I", 2**24) + b"a" * 2**24)},
        "a text of 16777216 bytes",
    ),
    "a number of a megabyte": (
        {"concept_texts": pickled(b"\x8b" + struct.pack("<I", MIB) + b"a" * MIB)},
        "a number of 1048576 bytes",
    ),
    "a memory with holes": (
        {"concept_texts": pickled(b"]r" + struct.pack("<I", 2**28))},
        "place 268435456 in a memory of 0 values",
    ),
    "tuples of tuples as a key": (
        {"concept_texts": pickled(b"}()q\x00" + b"h\x00h\x00\x86q\x00" * 80 + b"tK\x01s")},
        "a key that is no text and no ordinary number",
    ),
    "tuples of tuples in a set": (
        {"concept_texts": pickled(b"\x8f(" + b")" + b"\x85" * 100_000 + b"\x90")},
        "a key that is no text and no ordinary number",
    ),
    "keys that collide": (
        {"concept_texts": pickled(b"}\x8a\x09" + (2**61 - 1).to_bytes(9, "little") + b"Ns")},
        "a key that is no text and no ordinary number",
    ),
    "a shape of many axes": (
        {"concept_texts": pickled(MANY_AXES)},
        "an array with an impossible shape",
    ),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_what_is_declared_is_counted_before_it_is_read(tmp_path: Path, kind: str) -> None:
    members, message = BOMBS[kind]
    path = write(tmp_path / "x.npz", {**ORDINARY, **members})
    assert path.stat().st_size < 2 * MIB
    with pytest.raises(DataError) as refused:
        read_bank(path)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_deep_values_are_read_and_let_go(tmp_path: Path) -> None:
    deep = pickled(b")" + b"\x85" * 200_000)
    with pytest.raises(DataError, match="expected a pickled object array, found something else"):
        read_bank(write(tmp_path / "x.npz", {**ORDINARY, "concept_texts": deep}))


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressions_that_numpy_never_writes(tmp_path: Path, compression: int) -> None:
    with pytest.raises(DataError, match="compressed in a way that numpy never writes; save it again"):
        read_bank(write(tmp_path / "x.npz", ORDINARY, compression))


def test_many_members(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        for number in range(10_001):
            archive.writestr(f"{number}.npy", b"")
    with pytest.raises(DataError, match="expected at most 10000 arrays, found 10001"):
        read_bank(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {
                "contexts": ("<f2", (1_200_000, 50, 8), HALVES, 0),
                "targets": ("<f2", (1_200_000, 8), HALVES, 0),
            },
            "but holds 0 bytes",
        ),
        (
            {
                "contexts": ("<f2", (10, 2_000, 8), HALVES, 320_000),
                "targets": ("<f2", (10, 8), HALVES, 160),
            },
            "its contexts have 2000 chunks; at most 1000 are read",
        ),
        (
            {
                "contexts": ("<f2", (2_000_000, 1, 8), HALVES, 32_000_000),
                "targets": ("<f2", (2_000_000, 8), HALVES, 32_000_000),
            },
            "the labels of 2000000 sequences would bring the memory for this file",
        ),
        (
            {
                "contexts": ("<f2", (9, 2, 8), HALVES, 288),
                "targets": ("<f2", (9, 8), HALVES, 144),
                "article_ids": np.zeros(9, int),
                "target_indices": ("<i8", (10**7,), ZEROS, 8 * 10**7),
            },
            "expected labels for 9 sequences, found 10000000",
        ),
    ],
)
def test_sequences_are_counted_before_they_are_read(
    tmp_path: Path, small_bank: Bank, members: Members, message: str
) -> None:
    path = write(tmp_path / "x.npz", members)
    with pytest.raises(DataError) as refused:
        read_sequences(path, small_bank)
    assert message in str(refused.value)


def test_index_arrays_and_padded_texts_may_compress_well(tmp_path: Path) -> None:
    # Two thousand rows: 400 MB of padding for the one long text, in a file of half a megabyte.
    rows, room = 2_000, 50_000
    texts = np.array([f"text {row}" for row in range(rows)], dtype="<U16")
    padded = b"".join(text.encode("utf-32-le").ljust(4 * room, b"\0") for text in texts[:100].tolist())
    members: Members = {
        "vectors": np.random.default_rng(0).standard_normal((rows, 2)).astype("<f2"),
        "article_indices": np.repeat(np.arange(20), 100),
        "chunk_indices": np.tile(np.arange(100), 20),
        "concept_texts": ("<U50000", (rows,), padded, 4 * room * rows),
    }
    path = write(tmp_path / "x.npz", members)
    ordinary = write(tmp_path / "ordinary.npz", ORDINARY)
    usual = cost_of("data", "info", ordinary, cwd=tmp_path)
    found = cost_of("data", "info", path, cwd=tmp_path)
    assert (usual.code, found.code) == (0, 0), found.stderr
    check_cost(found, usual, path.stat().st_size)
    bomb = write(tmp_path / "bomb.npz", {**ORDINARY, "concept_texts": pickled(b"]" * 9_000_000)})
    found = cost_of("data", "info", bomb, cwd=tmp_path)
    assert found.code == 3
    check_cost(found, usual, bomb.stat().st_size)
