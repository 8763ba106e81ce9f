"""The shape of a window: who may name it, and who wins."""

from dataclasses import dataclass
from typing import Literal, cast

from gatekeeper.config.sections import DEFAULT_CONTEXT, DEFAULT_HORIZON
from gates.contracts import Window
from schemas.errors import UsageError

Origin = Literal["checkpoint", "sequence file", "flag", "config", "default"]
"""Who names the shape of a window, first of all the one whom the others must follow."""

DEFAULT_WINDOW = Window(DEFAULT_CONTEXT, DEFAULT_HORIZON)
"""Where nobody names it."""


@dataclass(frozen=True)
class WindowClaim:
    """What one source says of the shape of a window; None where it is silent.

    Attributes:
        origin: the source.
        context: chunks a model reads.
        horizon: places from the last of them to the target.
    """

    origin: Origin
    context: int | None = None
    horizon: int | None = None


SILENT = WindowClaim("default")
"""Of a source that names no shape."""


@dataclass(frozen=True)
class SettledWindow:
    """The shape that all agree on, and who decided the horizon."""

    window: Window
    source: Origin


def settle_window(*claims: WindowClaim, default: Window = DEFAULT_WINDOW) -> SettledWindow:
    """Agree on one shape with all who name one, whose names stand in order of precedence.

    Whoever names a value must agree with the first who does: a model trained for one horizon must never be
    measured at another without a word.

    Args:
        claims: of every source that may have one: checkpoint, sequence file, flag, config.
        default: the shape where they are silent.

    Raises:
        UsageError: two sources disagree, or a value is below 1.

    Example:
        >>> settle_window(WindowClaim("flag", horizon=2), WindowClaim("config", context=3))
        SettledWindow(window=Window(context=3, horizon=2), source='flag')
    """
    every = (*claims, WindowClaim("default", default.context, default.horizon))
    deciding = {what: _deciding(what, every) for what in ("context", "horizon")}
    context, horizon = (cast(int, getattr(claim, what)) for what, claim in deciding.items())
    return SettledWindow(Window(context, horizon), deciding["horizon"].origin)


def _deciding(what: str, claims: tuple[WindowClaim, ...]) -> WindowClaim:
    """The first who names a value, if the others agree; the last is the default, which need not."""
    named = [claim for claim in claims if getattr(claim, what) is not None]
    first = named[0]
    for other in named[1:-1]:
        if getattr(other, what) != getattr(first, what):
            raise UsageError(
                f"the {first.origin} says {what} {getattr(first, what)}, the {other.origin} says {what} "
                f"{getattr(other, what)}; evaluate a model at what it was trained for"
            )
    return first
