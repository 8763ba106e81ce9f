"""Article ids of a folder come back as they were, or not at all."""

from pathlib import Path

import numpy as np
import pytest

from gatekeeper.data.formats.stored_ids import FILES, NUMBERS, id_files, read_ids
from gates.contracts import ArticleIds
from schemas.errors import DataError


def stored(folder: Path, ids: ArticleIds | None) -> list[str]:
    files = id_files(ids)
    for name, array in files.items():
        np.save(folder / name, array)
    return list(files)


@pytest.mark.parametrize("ids", [None, (3, 2**63 + 5), ("a", "b", "\u00e9\U0001f600")])
def test_ids_come_back(ids: ArticleIds | None, tmp_path: Path) -> None:
    names = stored(tmp_path, ids)
    assert set(names) <= set(FILES)
    assert read_ids(tmp_path, names, np.arange(0 if ids is None else len(ids))) == ids


@pytest.mark.parametrize(
    ("ids", "numbers"), [((3, 2**63 + 5), [0, 2]), ((2**63 + 5, 3), [0, 1]), (("b", "a"), [0, 1])]
)
def test_ids_that_are_not_those_of_the_articles_are_refused(
    ids: ArticleIds, numbers: list[int], tmp_path: Path
) -> None:
    names = stored(tmp_path, ids)
    with pytest.raises(DataError, match="its article ids do not fit its articles; build the data set again"):
        read_ids(tmp_path, names, np.array(numbers))


def test_too_few_ids_are_refused(tmp_path: Path) -> None:
    names = stored(tmp_path, (3, 2**63 + 5))
    with pytest.raises(DataError, match=NUMBERS):
        read_ids(tmp_path, names, np.arange(3))
