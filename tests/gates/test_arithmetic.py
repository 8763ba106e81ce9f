"""What somebody else asks of numpy's arithmetic ends no evaluation, and is theirs afterwards."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from gates.arithmetic import usual_arithmetic
from gates.contracts import Dataset, Queries
from gates.suite import measure, prepare
from schemas.records.metrics import BITS_KNOWN
from tests.gates.conftest import OPTIONS, Fixed, quiet

TINY = np.array([1e-300])


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    with np.errstate():
        yield


def test_what_was_asked_for_holds_before_and_after_but_not_inside() -> None:
    np.seterr(all="raise")
    with pytest.raises(FloatingPointError):
        TINY * TINY
    assert usual_arithmetic(lambda: float((TINY * TINY)[0]))() == 0.0
    with pytest.raises(FloatingPointError):
        TINY * TINY


@pytest.mark.parametrize("when", ["before", "as it is asked"])
def test_an_evaluation_goes_on_and_finds_the_same(make_data: Callable[..., Dataset], when: str) -> None:
    dataset = make_data()

    def last(queries: Queries) -> torch.Tensor:
        return queries.contexts[:, -1]

    def raising(queries: Queries) -> torch.Tensor:
        np.seterr(all="raise")
        return last(queries)

    bench = prepare(dataset, OPTIONS, quiet)
    expected = bench.evidence(measure(bench, Fixed(last), quiet))
    if when == "before":
        np.seterr(all="raise")
        bench = prepare(dataset, OPTIONS, quiet)
    found = bench.evidence(measure(bench, Fixed(raising), quiet))
    assert found.gains == expected.gains
    assert found.model["val"][BITS_KNOWN] == expected.model["val"][BITS_KNOWN]
    assert (np.geterr()["under"] == "raise") is (when == "before")
