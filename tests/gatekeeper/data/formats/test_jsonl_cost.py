"""A small packed file that inflates a thousand times is refused at the cost of a small file."""

import gzip
from pathlib import Path

import pytest

from tests.cost import Cost, check_cost, cost_of

pytest.importorskip("sentence_transformers")


def build(folder: Path, content: bytes) -> tuple[Cost, int]:
    path = folder / "t.jsonl.gz"
    path.write_bytes(content)
    (folder / "m").mkdir(exist_ok=True)
    (folder / "m" / "config.json").write_text("{}")
    flags = ("--encoder", "m", "--out", "d", "--split", "train=0")
    return cost_of("data", "build", path.name, *flags, cwd=folder), len(content)


def test_packed_lists_of_nothing_cost_what_a_small_file_does(tmp_path: Path) -> None:
    line = b'{"article":1,"chunk":1,"text":"a","x":[' + b"[]," * 1_300_000 + b"1]}\n"
    usual, _ = build(tmp_path, gzip.compress(b'{"article": 1.5, "chunk": 0, "text": "a"}\n'))
    hostile, size = build(tmp_path, gzip.compress(line * 2) + gzip.compress(b"\n" * 10**7))
    assert (usual.code, hostile.code) == (3, 3)
    assert "article must be a whole number or text" in usual.stderr
    assert "which no file of texts does" in hostile.stderr
    check_cost(hostile, usual, size)
