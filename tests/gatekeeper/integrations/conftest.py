"""Trainings that end early, and stores that are really there."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from trainers.loop import train as loop
from trainers.loop.setup import Run
from trainers.loop.state import State

SMALL = (
    *("--layers", "1", "--width", "16", "--heads", "2", "--mini-samples", "120"),
    *("--log-every", "2", "--save-every", "3", "--on-collapse", "ignore"),
)
STEPS = 7  # 6 articles of 34 windows in batches of 32


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Callable[[tuple[int, int] | None], None]:
    """Ask the training to end after (epoch, step); None asks no more."""

    def at(place: tuple[int, int] | None) -> None:
        def asked(run: Run, state: State) -> bool:
            return (state.epoch, state.step) == place

        monkeypatch.setattr(loop, "_asked_to_end", asked)

    return at


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URI of an MLflow store with its tables."""
    mlflow = pytest.importorskip("mlflow")
    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder / 'store.db'}"
    before = Path.cwd()
    os.chdir(folder)
    try:
        mlflow.MlflowClient(uri).search_experiments()
    finally:
        os.chdir(before)
    return uri


@pytest.fixture
def store(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The store as the one that MLflow's environment names."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", database)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    return database


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make a package as if it were not installed."""

    def forget(package: str) -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            monkeypatch.delitem(sys.modules, name)

        class Without:
            def find_spec(self, name: str, *rest: object) -> None:
                if name.partition(".")[0] == package:
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        monkeypatch.setattr(sys, "meta_path", [Without(), *sys.meta_path])

    return forget
