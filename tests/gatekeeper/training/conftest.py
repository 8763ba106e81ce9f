"""A run that a ridge regression makes in a moment."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from gatekeeper.training.conduct import Audience
from gatekeeper.training.plan import Plan, plan_run
from gatekeeper.training.recorder import Recorder, View
from gatekeeper.training.request import RunRequest
from gates.answers import Progress
from trainers.processes import Group
from trainers.registry import trainer

MakePlan = Callable[..., Plan]
OpenRecorders = Callable[[Path], Mapping[str, Recorder]]


def untold(notes: Iterable[str]) -> None:
    """Nobody reads the notes on the data."""
    assert not list(notes)


@pytest.fixture
def request_run(world: Path) -> Callable[..., RunRequest]:
    """Ask for a run of the recipe ``ridge`` in the small world."""

    def ask(**more: object) -> RunRequest:
        return dataclasses.replace(RunRequest(trainer("ridge")), **more)  # type: ignore[arg-type]

    return ask


@pytest.fixture
def plan(request_run: Callable[..., RunRequest]) -> MakePlan:
    def make(**more: object) -> Plan:
        return plan_run(request_run(**more), Group(), untold)

    return make


class Heard:
    """Everything an audience is told, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.measured: list[str] = []

    @contextmanager
    def bar(self, what: str, total: int) -> Iterator[Progress]:
        self.measured.append(what)
        yield lambda count: None

    def audience(
        self, open_recorders: OpenRecorders = lambda folder: {}, view: View | None = None
    ) -> Audience:
        return Audience(self.lines.append, self.lines.append, self.bar, open_recorders, view)


@pytest.fixture
def heard() -> Heard:
    return Heard()
