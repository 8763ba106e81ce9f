"""Whose mean row is subtracted."""

import numpy as np
import pytest

from gates import centre
from gates.centre import mean_row
from gates.contracts import Dataset, Window
from gates.windows import make_dataset, window_rows
from tests.gates.conftest import awkward_bank, awkward_data


def test_without_train_it_is_the_whole_banks() -> None:
    dataset = awkward_data()
    assert mean_row(dataset) == pytest.approx(dataset.bank.vectors.mean(axis=0), abs=1e-6)


@pytest.mark.parametrize("block", [7, 8_192])
def test_with_train_it_is_that_of_trains_articles_openings_included(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(centre, "_BLOCK", block)
    bank = awkward_bank()
    rows = {
        name: window_rows(bank, np.array(members), Window(5, 1))
        for name, members in {"train": [1, 5], "val": [0], "ood": [7]}.items()
    }
    dataset: Dataset = make_dataset(bank, rows, Window(5, 1))
    expected = [
        vector for vector, article in zip(bank.vectors, bank.articles, strict=True) if article in (1, 5)
    ]
    assert mean_row(dataset) == pytest.approx(np.mean(expected, axis=0), abs=1e-6)
