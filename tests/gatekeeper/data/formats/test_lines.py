"""A file of lines costs no more than a file of its size may, whatever it holds."""

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.data.formats import lines
from gatekeeper.data.formats.jsonl import read_objects
from gatekeeper.data.formats.lines import has_name
from schemas.errors import DataError


def packed(path: Path, pieces: Iterator[bytes]) -> Path:
    with gzip.open(path, "wb", compresslevel=1) as file:
        for piece in pieces:
            file.write(piece)
    return path


def test_a_line_without_an_end_is_read_no_further_than_a_line_may_be(tmp_path: Path) -> None:
    path = packed(tmp_path / "t.jsonl.gz", (b'{"text": "' + b"a" * 2**20 for _ in range(6)))
    with pytest.raises(DataError, match=r"line 1 is longer than 4194304 bytes; write one chunk a line"):
        next(read_objects(path))


@pytest.mark.parametrize("line", [b"\n", b'{"chunk": 1}\n'])
def test_more_lines_than_a_file_can_honestly_hold_are_refused(
    tmp_path: Path, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_LEAST_LINES", 1000)
    path = packed(tmp_path / "t.jsonl.gz", (line * 1000 for _ in range(100)))
    with pytest.raises(
        DataError, match=r"inflate to more than \d+ bytes in \d+ lines, which no file of texts"
    ):
        list(read_objects(path))


def test_a_file_that_inflates_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_LEAST", 2**20)
    path = packed(tmp_path / "t.jsonl.gz", (b'{"text": "' + b"a" * 100_000 + b'"}\n' for _ in range(100)))
    seen: list[object] = []
    with pytest.raises(DataError, match="inflate to more than"):
        seen.extend(read_objects(path))
    assert len(seen) == 10


@pytest.mark.parametrize("words", [1, 50, 400])
def test_ordinary_texts_are_read_however_well_they_compress(tmp_path: Path, words: int) -> None:
    text = " ".join(f"word{place % 7}" for place in range(words)).encode()
    rows = (b'{"article": %d, "chunk": 0, "text": "%s"}\n' % (place, text) for place in range(20_000))
    assert sum(1 for _ in read_objects(packed(tmp_path / "t.jsonl.gz", rows))) == 20_000


def test_a_plain_file_of_the_shortest_lines_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"{}\n" * 50_000)
    assert sum(1 for _ in read_objects(path)) == 50_000


def test_zstd_is_inflated_and_a_part_of_it_refused(tmp_path: Path) -> None:
    zstd = pytest.importorskip("pyarrow").Codec("zstd")
    path = tmp_path / "t.jsonl.zst"
    content = b"".join(b'{"chunk": %d}\n' % row for row in range(5000))
    frames = [bytes(zstd.compress(part)) for part in (content[:30_000], content[30_000:])]
    path.write_bytes(b"".join(frames))
    assert [line.value["chunk"] for line in read_objects(path)] == list(range(5000))
    path.write_bytes(frames[0] + frames[1][:-9])
    with pytest.raises(DataError, match=r"cannot read .*t\.jsonl\.zst: .*; copy or write the file again"):
        list(read_objects(path))


@pytest.mark.parametrize(
    ("name", "fits"),
    [("a.jsonl", True), ("A.JSONL", True), ("a.jsonl.gz", True), ("a.jsonl.zst", True), ("a.json", False)],
)
def test_a_name_counts_whatever_it_is_packed_with(name: str, fits: bool) -> None:
    assert has_name(Path(name), ".jsonl") is fits


def test_a_file_that_ends_in_zeros_is_refused_before_they_are_read(tmp_path: Path) -> None:
    for name in ("t.jsonl", "t.jsonl.gz"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(b"{}\n") if name.endswith("gz") else b"{}\n")
        os.truncate(path, 2**40)
        with pytest.raises(
            DataError, match="ends in zeros, as an unfinished copy does; copy or write the file"
        ):
            next(read_objects(path))
