"""Writing a data set: what is there is a previous one, or it is left alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatekeeper.data.formats.dataset import is_dataset, open_dataset
from schemas.errors import DataError, OutputError, UsageError
from tests.gatekeeper.data.formats.stored import (
    refusal,
    rich_bank,
    snapshot,
    store,
)


def test_equal_banks_give_equal_files(tmp_path: Path) -> None:
    for name in "ab":
        store(tmp_path / name)
    assert snapshot(tmp_path / "a") == snapshot(tmp_path / "b")


def test_a_previous_data_set_is_replaced_as_a_whole(tmp_path: Path) -> None:
    store(tmp_path / "data", unmatched="x\n")
    store(tmp_path / "data", rich_bank(texts=False, titles=False, seed=1), articles={"val": np.array([3])})
    assert sorted(snapshot(tmp_path / "data")) == [
        "articles.npy",
        "chunks.npy",
        "dataset.json",
        "val.npy",
        "vectors.npy",
    ]
    assert list(open_dataset(tmp_path / "data").splits) == ["val"]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_previous_data_set_is_not_replaced_unasked(data: Path) -> None:
    before = snapshot(data)
    with pytest.raises(UsageError) as refused:
        store(data, rich_bank(seed=1), overwrite=False)
    assert str(refused.value) == (
        f"{data} holds a data set already; name another folder, or add --overwrite to replace it"
    )
    assert snapshot(data) == before


def test_a_previous_data_set_that_a_killed_build_left_behind_is_put_back_not_replaced(data: Path) -> None:
    before = snapshot(data)
    workshop = data.with_name(f".{data.name}.building")
    workshop.mkdir()
    (workshop / "made-by-gatekeeper").touch()
    data.rename(workshop / "old")
    with pytest.raises(UsageError, match="holds a data set already"):
        store(data, rich_bank(seed=1), overwrite=False)
    assert snapshot(workshop / "old") == before


def test_a_broken_data_set_can_be_built_again(data: Path) -> None:
    (data / "vectors.npy").write_bytes(b"")
    store(data)
    assert refusal(data) == ""


def test_missing_parents_are_made_and_an_empty_folder_is_used(tmp_path: Path) -> None:
    store(tmp_path / "a" / "b" / "data")
    assert is_dataset(tmp_path / "a" / "b" / "data")
    (tmp_path / "empty").mkdir()
    store(tmp_path / "empty")
    assert is_dataset(tmp_path / "empty")


@pytest.mark.parametrize(
    "name", ["notes.txt", "vectors.npy", "dataset.json.bak", ".hidden", "data_train.npz"]
)
def test_a_folder_of_somebody_else_is_never_touched(tmp_path: Path, name: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_text("precious")
    with pytest.raises(OutputError) as refused:
        store(tmp_path / "data")
    assert str(refused.value) == (
        f"cannot write {tmp_path / 'data'}: it holds {name!r}, which is no part of a data set; "
        "name another folder or empty this one"
    )
    assert snapshot(tmp_path / "data") == {name: b"precious"}
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("name", ["notes.txt", "model.pt", "best.report.json", "test.npy"])
def test_a_data_set_with_a_file_of_somebody_else_is_never_touched(data: Path, name: str) -> None:
    (data / name).write_text("precious")
    before = snapshot(data)
    with pytest.raises(OutputError, match=f"it holds '{name}', which is no part of a data set"):
        store(data, rich_bank(seed=1))
    assert snapshot(data) == before


def test_a_file_is_not_replaced_by_a_folder(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("precious")
    with pytest.raises(OutputError) as refused:
        store(tmp_path / "data")
    assert str(refused.value) == f"cannot write {tmp_path / 'data'}: it exists and is no folder"
    with pytest.raises(OutputError) as refused:
        store(tmp_path / "data" / "below")
    assert str(refused.value) == (
        f"cannot write {tmp_path / 'data' / 'below'}: {tmp_path / 'data'} is no folder"
    )
    assert (tmp_path / "data").read_text() == "precious"


def test_a_link_stays_a_link_and_its_target_is_replaced(data: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(data)
    record = store(tmp_path / "link", rich_bank(seed=1))
    assert (tmp_path / "link").is_symlink()
    assert open_dataset(data).record == record


@pytest.mark.parametrize(
    ("articles", "message"),
    [
        (
            {"train": np.array([0]), "val": np.array([6])},
            "split 'val' of bank.npz has no window of 5 chunks with a target 1 further on; "
            "name longer or more articles",
        ),
        (
            {"train": np.array([0, 1, 3]), "val": np.array([3, 4])},
            "splits 'train' and 'val' share 1 article(s), first article 3; "
            "an article may belong to one split only",
        ),
    ],
)
def test_splits_that_cannot_be_are_refused_before_anything_is_written(
    tmp_path: Path, articles: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError) as refused:
        store(tmp_path / "data", articles=articles)
    assert str(refused.value) == message
    assert list(tmp_path.iterdir()) == []


def test_splits_that_share_an_article_too_short_for_a_window_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="share 1 article"):
        store(tmp_path / "data", articles={"train": np.array([0, 6]), "val": np.array([3, 6])})
