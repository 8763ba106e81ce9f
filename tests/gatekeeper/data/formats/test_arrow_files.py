"""Files of record batches are read in pieces, and told by how they begin."""

import struct
from pathlib import Path

import pytest

from gatekeeper.data.formats.arrow_files import column_names, is_arrow_file, record_batches
from schemas.errors import DataError

arrow = pytest.importorskip("pyarrow")
feather = pytest.importorskip("pyarrow.feather")
parquet = pytest.importorskip("pyarrow.parquet")
TABLE = arrow.table({"a": range(1200), "b": ["x"] * 1200})


def stream(path: Path) -> None:
    with arrow.ipc.new_stream(str(path), TABLE.schema) as file:
        file.write_table(TABLE)


WRITERS = {
    "t.parquet": lambda path: parquet.write_table(TABLE, path),
    "t.dat": lambda path: parquet.write_table(TABLE, path, compression="zstd"),
    "t.feather": lambda path: feather.write_feather(TABLE, str(path)),
    "t.bin": lambda path: feather.write_feather(TABLE, str(path), compression="uncompressed"),
    "t.arrow": stream,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_is_read_in_pieces(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    assert is_arrow_file(path)
    assert column_names(path) == ["a", "b"]
    batches = list(record_batches(path, ["a"]))
    assert [batch.num_rows for batch in batches] == [512, 512, 176]
    assert batches[2].to_pydict() == {"a": list(range(1024, 1200))}


@pytest.mark.parametrize("name", WRITERS)
def test_a_part_of_a_file_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(
        DataError, match=rf"cannot read .*{name}: expected a complete Parquet or Arrow file"
    ) as told:
        list(record_batches(path, ["a"]))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("content", [b"", b"text", b"ARROW1", b"PAR1", b"FEA1" + bytes(40), b"\xff" * 100])
@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.feather"])
def test_what_is_no_such_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    for read in (column_names, lambda path: list(record_batches(path, ["a"]))):
        with pytest.raises(DataError, match=rf"{name}"):
            read(path)


def test_other_files_and_folders_are_none(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").mkdir()
    (tmp_path / "t.txt").write_text("PAR")
    assert not any(is_arrow_file(tmp_path / name) for name in ("x.parquet", "t.txt", "missing"))
    assert is_arrow_file(tmp_path / "missing.parquet")
    with pytest.raises(DataError, match="No such file or directory"):
        column_names(tmp_path / "missing.parquet")


def test_offsets_that_lead_out_of_the_file_are_refused_before_anybody_follows_them(tmp_path: Path) -> None:
    path = tmp_path / "t.arrow"
    table = arrow.table({"a": ["w" * 31, "w" * 46]})
    with arrow.ipc.new_file(str(path), table.schema) as file:
        file.write_table(table)
    right, wild = (struct.pack("<iii", 0, 31, end) for end in (77, 2**30))
    content = path.read_bytes()
    assert content.count(right) == 1
    path.write_bytes(content.replace(right, wild))
    with pytest.raises(DataError, match=r"cannot read .*t\.arrow: expected a complete Parquet or Arrow file"):
        list(record_batches(path, ["a"]))
