"""Trainings that end early, and stores that are really there."""

import sys
from collections.abc import Callable

import pytest

from tests.gatekeeper.mlflow_stores import Store
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


@pytest.fixture
def store(mlflow_database: Store, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URI of a database that MLflow's environment names."""
    mlflow_database.use(monkeypatch)
    return mlflow_database.uri


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
