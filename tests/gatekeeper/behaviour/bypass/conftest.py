"""A submission that is let through as it is, and the gates it is handed to once it was tampered with."""

from pathlib import Path

import pytest

from tests.gatekeeper.behaviour.bypass.gate import Gate
from tests.gatekeeper.forgery import Files, copy_files, make_files


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make_files(tmp_path_factory.mktemp("good") / "files")


@pytest.fixture
def files(good: Files, tmp_path: Path) -> Files:
    return copy_files(good, tmp_path / "files")


@pytest.fixture(params=["check", "deploy"])
def gate(request: pytest.FixtureRequest) -> Gate:
    return Gate(request.param)
