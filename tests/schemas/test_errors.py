"""Each error ends the program with the exit code that its docstring draws beside it."""

import inspect
import re

import pytest

from schemas import errors
from schemas.errors import EXIT_CODES, GatekeeperError

DRAWN = dict(re.findall(r"(\w+) +([0-9])  ", errors.__doc__ or ""))
CLASSES: dict[str, type[GatekeeperError]] = {name: getattr(errors, name) for name in DRAWN}


def test_every_error_is_drawn_in_the_tree() -> None:
    deliberate = {
        name
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, GatekeeperError)
    }
    assert set(DRAWN) == deliberate


@pytest.mark.parametrize("name", DRAWN)
def test_the_exit_code_of_an_error(name: str) -> None:
    assert CLASSES[name].exit_code == int(DRAWN[name])


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        ("UsageError", "GatekeeperError"),
        ("PolicyError", "UsageError"),
        ("DataError", "GatekeeperError"),
        ("ModelError", "GatekeeperError"),
        ("PredictionError", "ModelError"),
        ("ReportError", "GatekeeperError"),
        ("SignatureError", "ReportError"),
        ("OutputError", "GatekeeperError"),
        ("TrainingError", "GatekeeperError"),
        ("EvaluationError", "GatekeeperError"),
        ("Interrupted", "GatekeeperError"),
    ],
)
def test_the_tree(child: str, parent: str) -> None:
    assert CLASSES[child].__bases__ == (CLASSES[parent],)


def test_outcomes_are_exit_codes() -> None:
    assert dict(EXIT_CODES) == {"deployable": 0, "blocked": 1, "error": 3}
