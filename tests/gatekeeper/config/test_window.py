"""Context and horizon: who names them, who wins, and who is refused."""

import pytest

from gatekeeper.config.window import SILENT, Origin, SettledWindow, WindowClaim, settle_window
from gates.contracts import Window
from schemas.errors import UsageError

ORIGINS: tuple[Origin, ...] = ("checkpoint", "sequence file", "flag", "config")
Pairs = dict[Origin, tuple[int | None, int | None]]


def claims(named: Pairs) -> list[WindowClaim]:
    return [WindowClaim(origin, *named.get(origin, (None, None))) for origin in ORIGINS]


@pytest.mark.parametrize(
    ("named", "context", "horizon", "source"),
    [
        ({}, 5, 1, "default"),
        ({"config": (5, 2)}, 5, 2, "config"),
        ({"flag": (None, 2)}, 5, 2, "flag"),
        ({"sequence file": (5, 2)}, 5, 2, "sequence file"),
        ({"checkpoint": (3, 1)}, 3, 1, "checkpoint"),
        (
            {"checkpoint": (5, 2), "sequence file": (5, 2), "flag": (None, 2), "config": (5, None)},
            5,
            2,
            "checkpoint",
        ),
        ({"checkpoint": (5, None), "config": (None, 2)}, 5, 2, "config"),
    ],
)
def test_a_shape_comes_from_the_first_who_names_it(
    named: Pairs, context: int, horizon: int, source: Origin
) -> None:
    assert settle_window(*claims(named)) == SettledWindow(Window(context, horizon), source)


@pytest.mark.parametrize("other", ORIGINS[1:])
def test_whoever_contradicts_the_checkpoint_is_refused(other: Origin) -> None:
    with pytest.raises(UsageError, match=f"the checkpoint says horizon 1, the {other} says horizon 2;"):
        settle_window(*claims({"checkpoint": (5, 1), other: (None, 2)}))


def test_a_recipe_may_have_a_horizon_of_its_own() -> None:
    assert settle_window(SILENT, default=Window(5, 2)) == SettledWindow(Window(5, 2), "default")
