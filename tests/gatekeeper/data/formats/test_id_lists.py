"""Ids alone are a table of one column."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gatekeeper.data.formats.id_lists import is_id_list, read_id_list
from schemas.errors import DataError


def test_an_array_of_ids_keeps_its_kind(tmp_path: Path) -> None:
    for values in (np.array([3, -1, 3]), np.array(["b", "a", "b"])):
        np.save(tmp_path / "ids.npy", values)
        found = read_id_list(tmp_path / "ids.npy")
        assert (found.typed, found.row, list(found.places)) == (True, "row", [0, 1, 2])
        assert found.sample() == {"article": values.tolist()}
        assert [batch.columns for batch in found.batches(["article"])] == [{"article": values.tolist()}]


def test_lines_are_ids_but_blank_ones(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_bytes(b"\xef\xbb\xbf7\r\n\n 8 \nb\xc3\xbcro")
    found = read_id_list(tmp_path / "ids.txt")
    assert (found.typed, found.row) == (False, "line")
    assert [(batch.columns["article"], list(batch.places)) for batch in found.batches(["article"])] == [
        (["7", "8", "büro"], [1, 3, 4])
    ]


@pytest.mark.parametrize(
    "values", [np.ones(3), np.ones((2, 2), dtype=int), np.array([b"a"]), np.array([True])]
)
def test_what_is_no_id_is_refused(tmp_path: Path, values: npt.NDArray[Any]) -> None:
    np.save(tmp_path / "ids.npy", values)
    with pytest.raises(
        DataError, match=r"ids\.npy must hold ids, whole numbers or text, one a vector; found"
    ):
        read_id_list(tmp_path / "ids.npy")


def test_text_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_bytes(b"a\ncaf\xe9\n")
    with pytest.raises(DataError, match=r"ids\.txt line 2: expected UTF-8, found 0xe9; save it as UTF-8"):
        read_id_list(tmp_path / "ids.txt")


def test_it_is_told_by_its_name() -> None:
    assert [is_id_list(Path(name)) for name in ("a.npy", "a.txt", "a.csv")] == [True, True, False]
