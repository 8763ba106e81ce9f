"""The seed's sequence files made of a data set, read back to the very same windows."""

from pathlib import Path

import numpy as np
import pytest

from gatekeeper.data.building.export import write_sequences
from gatekeeper.data.formats.dataset import open_dataset
from gatekeeper.data.formats.sequences import read_sequences
from gates.contracts import Window
from gates.windows import window_rows
from schemas.errors import DataError, OutputError
from tests.gatekeeper.data.formats.stored import ARTICLES, rich_bank, store


@pytest.mark.parametrize(("context", "horizon"), [(5, 1), (5, 2), (3, 3), (1, 1)])
def test_the_windows_of_the_export_are_those_of_the_data_set(
    tmp_path: Path, context: int, horizon: int
) -> None:
    bank = rich_bank()
    store(tmp_path / "data", bank, context=context, horizon=horizon)
    paths = write_sequences(tmp_path / "data")
    assert [path.name for path in paths] == [f"data_{name}_sequences.npz" for name in ARTICLES]
    opened = open_dataset(tmp_path / "data")
    for name, path in zip(ARTICLES, paths, strict=True):
        assert path.parent == tmp_path
        # Read with the bank the data set came from, which knows nothing of the folder.
        found = read_sequences(path, bank)
        assert (found.window, found.notes) == (Window(context, horizon), ())
        np.testing.assert_array_equal(found.last_rows, opened.splits[name])
        np.testing.assert_array_equal(
            found.last_rows, window_rows(bank, ARTICLES[name], Window(context, horizon))
        )


@pytest.mark.parametrize("horizon", [1, 2])
def test_the_vectors_of_half_precision_find_their_windows_too(tmp_path: Path, horizon: int) -> None:
    bank = rich_bank()
    store(tmp_path / "data", bank, horizon=horizon, dtype="float16")
    for name, path in zip(ARTICLES, write_sequences(tmp_path / "data"), strict=True):
        found = read_sequences(path, bank)
        np.testing.assert_array_equal(found.last_rows, window_rows(bank, ARTICLES[name], Window(5, horizon)))


@pytest.mark.parametrize("horizon", [1, 2])
def test_every_array_says_what_the_format_says(tmp_path: Path, horizon: int) -> None:
    bank = rich_bank()
    store(tmp_path / "data", bank, horizon=horizon)
    path = write_sequences(tmp_path / "data")[0]
    chunks = {
        (int(a), int(c)): vector
        for a, c, vector in zip(bank.articles, bank.chunks, bank.vectors, strict=True)
    }
    with np.load(path, allow_pickle=False) as file:
        assert sorted(file) == ["article_ids", "contexts", "p6_offset", "target_indices", "targets"]
        assert file["p6_offset"].tolist() == horizon - 1
        contexts, targets = file["contexts"], file["targets"]
        places = list(zip(file["article_ids"].tolist(), file["target_indices"].tolist(), strict=True))
    assert contexts.shape == (len(places), 5, bank.dimension)
    assert contexts.dtype == targets.dtype == np.float32
    for (article, chunk), context, target in zip(places, contexts, targets, strict=True):
        np.testing.assert_array_equal(target, chunks[article, chunk])
        for position in range(5):
            np.testing.assert_array_equal(context[position], chunks[article, chunk - horizon - 4 + position])


def test_windows_that_were_left_out_of_the_data_set_are_not_exported(tmp_path: Path) -> None:
    bank = rich_bank()
    rows = {name: window_rows(bank, each, Window(5, 1))[1::3] for name, each in ARTICLES.items()}
    store(tmp_path / "data", bank, windows=rows)
    for name, path in zip(ARTICLES, write_sequences(tmp_path / "data"), strict=True):
        np.testing.assert_array_equal(read_sequences(path, bank).last_rows, rows[name])


def test_equal_data_sets_give_equal_files_and_an_old_file_is_replaced(tmp_path: Path) -> None:
    store(tmp_path / "data")
    first = [path.read_bytes() for path in write_sequences(tmp_path / "data")]
    (tmp_path / "data_val_sequences.npz").write_bytes(b"old")
    assert [path.read_bytes() for path in write_sequences(tmp_path / "data")] == first


def test_the_data_set_itself_stays_as_it_is(tmp_path: Path) -> None:
    record = store(tmp_path / "data")
    write_sequences(tmp_path / "data")
    assert open_dataset(tmp_path / "data").record == record


def test_what_is_no_data_set_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no data set: expected"):
        write_sequences(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    store(tmp_path / "data")
    (tmp_path / "data_val_sequences.npz").mkdir()
    with pytest.raises(OutputError) as refused:
        write_sequences(tmp_path / "data")
    path = tmp_path / "data_val_sequences.npz"
    assert str(refused.value) == f"cannot write {path}: it exists and is not a regular file"
