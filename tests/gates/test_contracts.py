"""The records of the engine, and that what ships keeps its protocols."""

import numpy as np
import pytest

from gates.bank import build_bank
from gates.options import Options
from gates.suite import make_gates
from schemas.records.metrics import MEASURED
from tests.gates.conftest import awkward_bank, awkward_data


def test_a_bank_tells_its_shape() -> None:
    bank = awkward_bank(dimension=12)
    assert (bank.rows, bank.dimension) == bank.vectors.shape
    assert bank.dimension == 12


@pytest.mark.parametrize("ids", [[3, 5], ["a", "b"]])
def test_an_article_is_called_by_its_id(ids: list[int] | list[str]) -> None:
    articles = [article for article in ids for _ in range(2)]
    bank = build_bank(np.eye(4), articles, np.array([0, 1, 0, 1]), source="bank")
    assert [bank.id_of(number) for number in bank.articles[::2]] == ids


def test_what_is_measured_is_that_of_the_records_in_their_order() -> None:
    assert [gate.name for gate in make_gates(awkward_data(), Options())] == list(MEASURED)
