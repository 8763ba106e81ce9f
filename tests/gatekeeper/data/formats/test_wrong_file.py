"""A file of another kind is named for what it is, and its owner is told what to do with it."""

import gzip
import io
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from gatekeeper.data.formats.bank import read_bank
from schemas.errors import DataError
from tests.gatekeeper.cli.data_sets import BUILD, Run
from tests.gatekeeper.cli.refusals import refused


def npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ones((4, 3)))
    return buffer.getvalue()


def checkpoint() -> bytes:
    buffer = io.BytesIO()
    torch.save({"weight": torch.zeros(2)}, buffer)
    return buffer.getvalue()


SAVEZ = "numpy.savez('bank.npz', vectors=..., article_indices=..., chunk_indices=...)"
BUILT = "make a data set of it: gatekeeper data build FILE"
MODEL = "a model comes first, then its bank: gatekeeper eval MODEL --bank BANK"

LINES = "texts are JSON lines in *.jsonl, for `gatekeeper data build`; of a data set name the folder"

FILES = {
    "npy": (
        npy(),
        "a single NumPy array (.npy)",
        f"one array says of no row which article it is from; {BUILT} --ids IDS",
    ),
    "torch": (checkpoint(), "a torch archive (.pt)", MODEL),
    "safetensors": (struct.pack("<Q", 2) + b"{}" + bytes(8), "a safetensors file", MODEL),
    "parquet": (
        b"PAR1" + bytes(20),
        "a Parquet table",
        BUILT,
    ),
    "feather": (
        b"ARROW1" + bytes(20),
        "an Arrow (Feather) table",
        BUILT,
    ),
    "faiss": (
        b"IxFI" + bytes(40),
        "a FAISS index",
        f"it holds vectors, but not their articles; {BUILT} --ids IDS",
    ),
    "gzip": (gzip.compress(b"x", mtime=0), "a gzip archive", "unpack it first"),
    "pickle": (
        pickle.dumps([1]),
        "a bare pickle",
        f"it could run code, so it is never loaded; write {SAVEZ}",
    ),
    "lines": (b'{"article": 0, "chunk": 0, "text": "a"}\n', "JSON", LINES),
    "csv": (
        b"article,chunk,text\n0,0,a\n",
        "text",
        "tables are called *.csv or *.tsv, texts in JSON lines *.jsonl, for `gatekeeper data build`",
    ),
    "lfs": (
        b"version https://git-lfs.github.com/spec/v1\n",
        "a Git LFS pointer instead of the file",
        "fetch the file itself with `git lfs pull`",
    ),
    "empty": (b"", "an empty file", "copy or write the file again"),
    "image": (b"\x89PNG\r\n", "an image", ""),
}


@pytest.mark.parametrize("kind", FILES)
def test_what_it_is_and_what_to_do(tmp_path: Path, kind: str) -> None:
    content, noun, advice = FILES[kind]
    path = tmp_path / "bank.npz"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_bank(path)
    assert str(caught.value) == f"{path} is {noun}; expected a complete .npz file{advice and ': ' + advice}"


@pytest.mark.parametrize(
    "command",
    [
        ("data", "info", "wrong.npz"),
        ("data", "build", "wrong.npz", *BUILD[3:], "--split", "val=0.5"),
        ("data", "audit", "--bank", "wrong.npz"),
        ("data", "convert", "val=wrong.npz", "--bank", "bank.npz", "--out", "data"),
        ("eval", "control:ridge", "--bank", "bank.npz", "--val", "wrong.npz", "--ood", "0-3"),
    ],
)
def test_in_every_command(world: Path, run: Run, command: tuple[str, ...]) -> None:
    (world / "wrong.npz").write_bytes(checkpoint())
    expected = f"Error: wrong.npz is a torch archive (.pt); expected a complete .npz file: {MODEL}"
    assert refused(run(*command), 3) == expected
