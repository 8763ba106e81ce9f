"""Data, and an evaluation of a model that knows it."""

import pytest

import gatekeeper
from tests.gatekeeper.worlds import Turn, rotating_data


@pytest.fixture(scope="session")
def data() -> gatekeeper.Data:
    return rotating_data()


@pytest.fixture(scope="session")
def knows(data: gatekeeper.Data) -> gatekeeper.Evaluation:
    return gatekeeper.evaluate(Turn(), data)
