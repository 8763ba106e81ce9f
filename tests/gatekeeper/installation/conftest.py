"""The wheel, built and installed once a session."""

from pathlib import Path

import pytest

from tests.gatekeeper.installation.wheel import build, pip


@pytest.fixture(scope="session")
def wheel_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("install", "--target", str(folder / "site"), str(build(folder)))
    return folder / "site"
