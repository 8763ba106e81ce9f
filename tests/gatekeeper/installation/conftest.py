"""The wheel, built and installed once a session."""

import shutil
from pathlib import Path

import pytest

from tests.gatekeeper.installation.wheel import build, copy_site, pip, record


@pytest.fixture(scope="session")
def wheel_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("install", "--target", str(folder / "site"), str(build(folder)))
    return folder / "site"


@pytest.fixture
def site(wheel_site: Path, tmp_path: Path) -> Path:
    return copy_site(wheel_site, tmp_path / "site")


@pytest.fixture
def checkout(wheel_site: Path, tmp_path: Path) -> Path:
    """The packages alone: nobody has written down what they were."""
    folder = copy_site(wheel_site, tmp_path / "checkout")
    shutil.rmtree(record(folder).parent)
    return folder
