"""Folders that are tables, made by the library that makes them."""

import json
from pathlib import Path

import pytest

from gatekeeper.data.formats.table_folders import folder_table, is_table_folder
from schemas.errors import DataError

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def shard(folder: Path, name: str, rows: int = 1) -> None:
    folder.mkdir(exist_ok=True)
    parquet.write_table(arrow.table({"a": [name] * rows}), folder / name)


def test_loose_shards_are_read_by_name(tmp_path: Path) -> None:
    for name in ("b.parquet", "a.parquet", "c.arrow"):
        shard(tmp_path, name)
    (tmp_path / ".cache").touch()
    assert is_table_folder(tmp_path)
    assert [each.path.name for each in folder_table(tmp_path).shards] == ["a.parquet", "b.parquet", "c.arrow"]
    assert [each.split for each in folder_table(tmp_path).shards] == [None] * 3
    (tmp_path / "notes.md").write_text("a folder of something else")
    assert not is_table_folder(tmp_path)


def test_a_folder_of_the_hub_has_its_shards_in_data_and_says_their_split(tmp_path: Path) -> None:
    for name in (
        "train-00000-of-00002.parquet",
        "train-00001-of-00002.parquet",
        "test-00000-of-00001.parquet",
    ):
        shard(tmp_path / "data", name)
    (tmp_path / "README.md").write_text("# Corpus")
    (tmp_path / ".gitattributes").touch()
    assert is_table_folder(tmp_path)
    found = folder_table(tmp_path)
    assert [each.split for each in found.shards] == ["test", "train", "train"]
    assert list(found.sample()) == ["a", "split"]
    (tmp_path / "chapter.md").write_text("a document")
    assert not is_table_folder(tmp_path)


def test_a_saved_folder_says_its_files_in_order(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    datasets.Dataset.from_dict({"a": ["x", "y", "z"]}).save_to_disk(tmp_path / "d", num_shards=2)
    found = folder_table(tmp_path / "d")
    assert is_table_folder(tmp_path / "d")
    assert [values for batch in found.batches(["a"]) for values in batch.columns["a"]] == ["x", "y", "z"]


def test_nothing_else_is_a_table(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not any(is_table_folder(each) for each in (tmp_path, tmp_path / "file", tmp_path / "missing"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "expected names under '_data_files', found none; save the data set again"),
        ("[]", "expected names under '_data_files', found none"),
        ('{"_data_files": 3}', "expected names under '_data_files', found none"),
        ('{"_data_files": []}', "names no files of rows; save the data set again"),
        ('{"_data_files": [{"filename": "../a"}]}', "expected names of files in its folder, found '../a'"),
        ('{"_data_files": [{"filename": 3}]}', "expected names of files in its folder, found '3'"),
    ],
)
def test_a_folder_whose_state_says_nothing_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "state.json").write_text(content)
    with pytest.raises(DataError, match=message):
        folder_table(tmp_path)


def test_splits_without_their_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "dataset_dict.json").write_text(json.dumps({"splits": ["train"]}))
    with pytest.raises(
        DataError, match=r"cannot read .*train/state\.json: No such file.*; save the data set again"
    ):
        folder_table(tmp_path)
