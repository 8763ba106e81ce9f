"""Arrays without articles, each written by its library; broken ones end in one line."""

import os
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest
import torch

from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.data.formats.array_files import map_npy, read_vectors
from schemas.errors import DataError, UsageError

ROWS = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)


def index(path: Path, kind: Callable[[int], faiss.Index]) -> None:
    made = kind(4)
    made.add(ROWS)
    faiss.write_index(made, str(path))


WRITERS: dict[str, Callable[[Path], object]] = {
    "v.npy": lambda path: np.save(path, ROWS),
    "fortran.npy": lambda path: np.save(path, np.asfortranarray(ROWS)),
    "v.pt": lambda path: torch.save(torch.from_numpy(ROWS), path),
    "parameter.pth": lambda path: torch.save(torch.nn.Parameter(torch.from_numpy(ROWS)), path),
    "v.npz": lambda path: np.savez(path, embeddings=ROWS, other=np.ones(3)),
    "l2.index": lambda path: index(path, faiss.IndexFlatL2),
    "ip.faiss": lambda path: index(path, faiss.IndexFlatIP),
    "lp.faiss": lambda path: index(path, lambda width: faiss.IndexFlat(width, faiss.METRIC_Lp)),
}


@pytest.mark.parametrize("name", WRITERS)
def test_vectors_are_what_was_written(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    found = read_vectors(tmp_path / name, BankKeys())
    assert found.dtype == np.float32
    assert np.array_equal(found, ROWS)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("change", ["cut", "empty", "longer"])
def test_a_broken_file_is_refused_in_one_line(tmp_path: Path, name: str, change: str) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    if change == "longer" and name.endswith(".npy"):
        return  # numpy takes what the header says, and the ids have to fit that
    os.truncate(path, {"cut": path.stat().st_size * 2 // 3, "empty": 0, "longer": 10 * 2**30}[change])
    with pytest.raises((DataError, UsageError), match=name) as refusal:
        read_vectors(path, BankKeys())
    assert "\n" not in str(refusal.value)


def test_half_precision_of_torch_becomes_what_numpy_has(tmp_path: Path) -> None:
    torch.save(torch.from_numpy(ROWS).bfloat16(), tmp_path / "v.pt")
    found = read_vectors(tmp_path / "v.pt", BankKeys())
    assert np.array_equal(found, torch.from_numpy(ROWS).bfloat16().float().numpy())


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: np.save(path, np.ones(3)), r"must hold vectors, .*; found float64 \(3,\)"),
        (lambda path: np.save(path, np.ones((3, 2), dtype=int)), r"must hold vectors, .*; found int64 \(3,"),
        (lambda path: np.save(path, np.array([{}])), "is no complete array: .*; write it again"),
        (lambda path: torch.save({"a": torch.ones(2)}, path), "must hold one tensor; found dict: save it"),
        (lambda path: np.savez(path, x=ROWS), "expected an array 'vectors'; found x; if it has ano"),
        (lambda path: index(path, lambda width: faiss.IndexHNSWFlat(width, 4)), "must be a flat FAISS index"),
        (lambda path: path.mkdir(), "cannot read|--ids names the rows of an array"),
    ],
)  # fmt: skip
def test_what_holds_no_vectors_is_refused(
    tmp_path: Path, write: Callable[[Path], object], message: str
) -> None:
    path = tmp_path / "v.npy"
    write(path)
    made = next(tmp_path.glob("v.npy*"))
    with pytest.raises((DataError, UsageError), match=message):
        read_vectors(made, BankKeys())


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    for read in (map_npy, lambda path: read_vectors(path, BankKeys())):
        with pytest.raises(DataError, match=r"cannot read .*v\.npy: No such file or directory"):
            read(tmp_path / "v.npy")


def test_what_names_its_rows_needs_no_ids(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"article": 1}')
    with pytest.raises(UsageError, match=r"--ids names the rows of an array \(.*\); .*t\.jsonl is JSON"):
        read_vectors(tmp_path / "t.jsonl", BankKeys())


def test_the_array_of_an_npz_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", mine=ROWS)
    assert np.array_equal(read_vectors(tmp_path / "v.npz", BankKeys(vectors="mine")), ROWS)
