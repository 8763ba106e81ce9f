"""The articles of an array of any type that ids have."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gatekeeper.data.formats.article_column import read_articles
from gatekeeper.data.formats.npz import open_npz
from schemas.errors import DataError

VALUES = ["b", "a", "b"]


def numbered(path: Path, values: npt.NDArray[Any]) -> list[object]:
    np.savez(path, articles=values)
    with open_npz(path) as npz:
        found = read_articles(npz, "articles")
    return [int(n) if found.ids is None else found.ids[n] for n in found.numbers.tolist()]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([7, 3, 7]), [7, 3, 7]),
        (np.array([7, 3, 7], dtype=np.uint8), [7, 3, 7]),
        (np.array([2**63 + 1, 3, 2**63 + 1], dtype=np.uint64), [2**63 + 1, 3, 2**63 + 1]),
        (np.array(VALUES), VALUES),
        (np.array(VALUES, dtype="S"), VALUES),
        (np.array(VALUES, dtype=object), VALUES),
    ],
    ids=lambda value: str(getattr(value, "dtype", "")),
)
def test_ids_of_every_type_come_back(
    values: npt.NDArray[Any], expected: list[object], tmp_path: Path
) -> None:
    assert numbered(tmp_path / "x.npz", values) == expected


@pytest.mark.parametrize("values", [np.array([0.5, 1.5]), np.array([None, "a"], dtype=object)])
def test_what_is_no_id_is_refused(values: npt.NDArray[Any], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"x\.npz"):
        numbered(tmp_path / "x.npz", values)
