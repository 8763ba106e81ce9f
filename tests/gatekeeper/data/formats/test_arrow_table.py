"""Vectors come out of every kind of list, and what is none is refused by row."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatekeeper.data.formats import allowance
from gatekeeper.data.formats.arrow_table import ArrowTable, Shard
from schemas.errors import DataError

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
ROWS = np.arange(12, dtype=np.float32).reshape(6, 2)


def table(path: Path, columns: dict[str, Any], **options: Any) -> ArrowTable:  # noqa: ANN401
    parquet.write_table(arrow.table(columns), path, **options)
    return ArrowTable.of_file(path)


@pytest.mark.parametrize("number", ["float16", "float32", "float64", "int8"])
@pytest.mark.parametrize("kind", ["list", "large_list", "fixed"])
def test_vectors_are_read_from_any_list(tmp_path: Path, number: str, kind: str) -> None:
    item = arrow.from_numpy_dtype(number)
    kinds = {"list": arrow.list_(item), "large_list": arrow.large_list(item), "fixed": arrow.list_(item, 2)}
    found = table(
        tmp_path / "t.parquet",
        {"v": arrow.array(list(ROWS.astype(number)), type=kinds[kind])},
        row_group_size=4,
    )
    blocks = [np.asarray(batch.columns["v"]) for batch in found.batches(["v"])]
    assert np.array_equal(np.concatenate(blocks), ROWS)
    assert {block.dtype for block in blocks} == {np.dtype("float32" if number == "int8" else number)}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1.0, 2.0], [1.0]], "row 1: v must be a vector of 2 numbers; found 1 of type double"),
        ([[1.0, 2.0], None], "row 1: v must be a vector of 2 numbers; found nothing"),
        (
            [[1.0, None], [1.0, 2.0]],
            "row 0: v must be a vector of 2 numbers; found 2 of type double, some of them",
        ),
        ([[], []], "row 0: v must be a vector of some numbers; found 0 of type"),
        ([["a"], ["b"]], "row 0: v must be a vector of 1 numbers; found 1 of type string"),
        ([[[1.0]], [[2.0]]], "row 0: v must be a vector of 1 numbers; found 1 of type list"),
    ],
)
def test_what_is_no_vector_is_refused_by_row(tmp_path: Path, rows: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(table(tmp_path / "t.parquet", {"v": rows}).batches(["v"]))


def test_a_sample_shows_all_columns_and_few_lists(tmp_path: Path) -> None:
    found = table(tmp_path / "t.parquet", {"a": range(2000), "v": [[1.0]] * 2000, "n": [None] * 2000})
    sample = found.sample()
    assert {name: len(values) for name, values in sample.items()} == {"a": 512, "v": 8, "n": 512}
    assert table(tmp_path / "e.parquet", {"a": arrow.array([], arrow.int64())}).sample() == {"a": ()}


def test_shards_go_on_counting_and_say_their_split(tmp_path: Path) -> None:
    shards = []
    for name, rows in (("train", 3), ("test", 2)):
        parquet.write_table(arrow.table({"a": [name] * rows}), tmp_path / name)
        shards.append(Shard(tmp_path / name, name))
    found = ArrowTable(tmp_path, tuple(shards))
    assert list(found.sample()) == ["a", "split"]
    batches = list(found.batches(["a", "split"]))
    assert [list(batch.places) for batch in batches] == [[0, 1, 2], [3, 4]]
    assert [batch.columns["split"] for batch in batches] == [["train"] * 3, ["test"] * 2]
    parquet.write_table(arrow.table({"b": [1]}), tmp_path / "test")
    with pytest.raises(DataError, match=r"cannot read .*test: expected a complete Parquet or Arrow file"):
        list(found.batches(["a"]))


def test_long_values_become_pythons_in_small_parts(tmp_path: Path) -> None:
    found = table(tmp_path / "t.parquet", {"a": ["w" * 2**20] * 9}, compression="none", use_dictionary=False)
    assert [len(batch.places) for batch in found.batches(["a"])] == [3, 3, 3]


def test_a_file_that_unfolds_without_measure_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "_FREE", 2**20)
    columns = {"a": ["w" * 10**5] * 40}
    with pytest.raises(
        DataError, match=r"would bring the memory for this file .*write it without compression"
    ):
        list(table(tmp_path / "t.parquet", columns).batches(["a"]))


def test_text_that_is_no_utf8_is_refused_in_one_line(tmp_path: Path) -> None:
    bad = arrow.Array.from_buffers(
        arrow.string(), 1, [None, arrow.py_buffer(np.array([0, 1], dtype=np.int32)), arrow.py_buffer(b"\xff")]
    )
    with pytest.raises(DataError, match="row 0: a cannot be read"):
        list(table(tmp_path / "t.parquet", {"a": bad}).batches(["a"]))
