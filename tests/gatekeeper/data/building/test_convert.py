"""Old sequence files become the data set they mean, and what is no window is listed."""

import csv
from pathlib import Path

import numpy as np
import pytest

from gatekeeper.data.building.convert import convert
from gatekeeper.data.formats.dataset import UNMATCHED
from gates.contracts import Bank, Window
from gates.windows import window_rows
from schemas.errors import DataError, UsageError
from schemas.records.dataset import Origin
from tests.gatekeeper.data.formats.sequence_files import save

ORIGIN = Origin("bank.npz", "0" * 64, None, None, None)
WINDOW = Window(5, 1)


def rows_of(bank: Bank, articles: list[int]) -> np.ndarray:
    return window_rows(bank, np.array(articles), WINDOW)


def test_the_windows_of_the_files_are_those_of_the_data_set(tmp_path: Path, small_bank: Bank) -> None:
    articles = np.unique(small_bank.articles)
    val, ood = rows_of(small_bank, [int(articles[0])]), rows_of(small_bank, [int(articles[1])])
    files = [
        (name, save(tmp_path / f"{name}.npz", small_bank, rows, horizon=1, style="plain"))
        for name, rows in (("val", val), ("ood", ood))
    ]
    done = convert(tmp_path / "out", files, small_bank, dtype="float32", origin=ORIGIN)
    assert {name: split.windows for name, split in done.record.splits.items()} == {
        "val": len(val),
        "ood": len(ood),
    }
    with open(tmp_path / "out" / UNMATCHED, newline="", encoding="utf-8") as file:
        assert len(list(csv.reader(file))) == 1  # its head
    with pytest.raises(UsageError):
        convert(tmp_path / "out", files, small_bank, dtype="float32", origin=ORIGIN)
    again = convert(tmp_path / "out", files, small_bank, dtype="float32", origin=ORIGIN, overwrite=True)
    assert again.record == done.record


def test_splits_that_share_an_article_are_refused(tmp_path: Path, small_bank: Bank) -> None:
    rows = rows_of(small_bank, [int(small_bank.articles[0])])
    path = save(tmp_path / "x.npz", small_bank, rows, horizon=1, style="plain")
    with pytest.raises(DataError, match="share 1 article"):
        convert(tmp_path / "out", [("val", path), ("ood", path)], small_bank, dtype="float32", origin=ORIGIN)
    assert not (tmp_path / "out").exists()
