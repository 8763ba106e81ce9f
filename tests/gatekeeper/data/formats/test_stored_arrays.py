"""A folder whose record fits its files, while these make no sense: whoever writes one writes the other."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatekeeper.data.formats.dataset import Dtype, open_dataset
from schemas.errors import DataError
from tests.gatekeeper.data.formats.stored import refusal, store

Array = np.ndarray[Any, Any]
Change = Callable[[Array], Array]


def rewrite(folder: Path, name: str, data: bytes) -> None:
    """Replace a file, and what the record says of its bytes."""
    (folder / name).write_bytes(data)
    record = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    record["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    (folder / "dataset.json").write_text(json.dumps(record), encoding="utf-8")


def change_array(folder: Path, name: str, change: Change) -> None:
    changed = change(np.load(folder / name))
    np.save(folder / "changed.npy", changed, allow_pickle=True)
    data = (folder / "changed.npy").read_bytes()
    (folder / "changed.npy").unlink()
    rewrite(folder, name, data)


CHANGES: dict[str, tuple[str, Change, str]] = {
    "rows beyond": ("train.npy", lambda a: a + 1000, "train.npy does not hold ascending rows of the bank"),
    "rows before": ("val.npy", lambda a: a - 1000, "val.npy does not hold ascending rows of the bank"),
    "rows twice": ("ood.npy", lambda a: np.repeat(a[:1], len(a)), "ood.npy does not hold ascending rows"),
    "fewer rows": ("train.npy", lambda a: a[:-1], "train.npy holds int64"),
    "real numbers": (
        "chunks.npy",
        lambda a: a.astype(float),
        "chunks.npy holds float64 (72,), expected int64",
    ),
    "fewer articles": ("articles.npy", lambda a: a[:9], "articles.npy holds int64 (9,), expected int64 (72)"),
    "a table": (
        "articles.npy",
        lambda a: a[:, None],
        "articles.npy holds int64 (72, 1), expected int64 (72)",
    ),
    "articles backwards": ("articles.npy", lambda a: a[::-1].copy(), "is not sorted by article and chunk"),
    "chunks twice": ("chunks.npy", lambda a: np.zeros_like(a), "is not sorted by article and chunk"),
    "objects": ("articles.npy", lambda a: a.astype(object), "articles.npy is no array"),
    "another width": (
        "vectors.npy",
        lambda a: a[:, :3].copy(),
        "vectors.npy holds float32 (72, 3), expected",
    ),
    "offsets backwards": ("text_offsets.npy", lambda a: a[::-1].copy(), "does not cut texts_utf8.npy into"),
    "offsets beyond": ("text_offsets.npy", lambda a: a * 1000, "does not cut texts_utf8.npy into texts"),
    "no text": ("texts_utf8.npy", lambda a: np.full_like(a, 255), "texts_utf8.npy is not UTF-8"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_arrays_that_make_no_sense(tmp_path: Path, kind: str) -> None:
    name, change, message = CHANGES[kind]
    store(tmp_path / "set")
    change_array(tmp_path / "set", name, change)
    found = refusal(tmp_path / "set")
    assert message in found
    assert found.endswith("; build the data set again")


def with_row(row: int, values: float | Array) -> Change:
    """Another vector in one row."""

    def change(array: Array) -> Array:
        array[row] = values
        return array

    return change


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize(
    ("values", "length"), [(0.0, "0"), (np.nan, "nan"), (-np.inf, "inf"), (np.eye(8)[0] / 2, "0.5")]
)
@pytest.mark.parametrize("row", [0, 71])
def test_vectors_that_are_not_of_length_1(
    tmp_path: Path, dtype: Dtype, values: float | Array, length: str, row: int
) -> None:
    store(tmp_path / "set", dtype=dtype)
    change_array(tmp_path / "set", "vectors.npy", with_row(row, values))
    assert refusal(tmp_path / "set") == (
        f"{tmp_path / 'set' / 'vectors.npy'}: row {row} has length {length}, expected 1; build the data set "
        "again"
    )


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (72, 10000000000000), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-72, 8), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (72L, ",
        "-" * 9000 + "1",
        "",
    ],
)
def test_headers_that_lie(tmp_path: Path, header: str) -> None:
    store(tmp_path / "set")
    text = header.encode().ljust(len(header) + 1, b"\n")
    rewrite(tmp_path / "set", "vectors.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)
    assert "vectors.npy is no array: " in refusal(tmp_path / "set")


@pytest.mark.parametrize("titles", [b"{", b'{"a": "b"}', b"\xff", b'{"0": "a", "0": "b"}', b"[" * 100_000])
def test_titles_that_are_none(tmp_path: Path, titles: bytes) -> None:
    store(tmp_path / "set")
    rewrite(tmp_path / "set", "titles.json", titles)
    with pytest.raises(DataError, match="titles"):
        open_dataset(tmp_path / "set")
