"""A store, a registered model of its own for every test, and offers to deploy to it."""

from pathlib import Path

import pytest

from gatekeeper.integrations.mlflow.target import MlflowTarget
from tests.gatekeeper.deployment.conftest import Offers, offers, quick
from tests.gatekeeper.mlflow_stores import Store

__all__ = ("Offers", "offers", "quick")


@pytest.fixture
def registry(mlflow_database: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The database as the store that MLflow's environment names, artifacts in its folder."""
    mlflow_database.use(monkeypatch)
    monkeypatch.chdir(mlflow_database.folder)
    return mlflow_database


@pytest.fixture
def target(tmp_path: Path) -> MlflowTarget:
    """MLflow allows spaces."""
    return MlflowTarget(f"next embedding.{tmp_path.name}", "champion")
