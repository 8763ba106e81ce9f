"""What shows that a command is at work: bars, and a line before there is anything to count."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from tqdm import tqdm

from gatekeeper.cli.terminal import is_terminal
from gatekeeper.cli.voice import quiet, say
from schemas.text import printable

if TYPE_CHECKING:
    from gates.answers import Progress


_FIRST, _BETWEEN = 10.0, 60.0
"""Seconds until a log is told for the first time how far a work has come, and until it is told again."""


_ROWS = 24
"""Of a terminal, whatever it says of itself: in containers many say none, and would be shown nothing."""


@contextmanager
def bar(what: str, total: int, *, unit: str = "prediction", told: bool = False) -> "Iterator[Progress]":
    """A progress bar on stderr that vanishes when it is done; none where it is no terminal, or quiet.

    Args:
        what: is being done.
        total: of it, in units.
        unit: of the total.
        told: whether what is no terminal is told now and then, for work that may take hours.
    """
    if told and not is_terminal(sys.stderr):
        yield _telling(printable(what), total)
        return
    hidden = True if quiet() else None  # None: where stderr is no terminal
    with tqdm(
        total=total,
        desc=printable(what),
        unit=unit,
        unit_scale=True,
        leave=False,
        disable=hidden,
        nrows=_ROWS,
    ) as shown:

        def advance(count: int) -> None:
            shown.update(count)

        yield advance


def _telling(what: str, total: int) -> "Progress":
    """Says in a line how much is done and what time is left, unless all is done before it is due."""
    began = time.monotonic()
    due, done = began + _FIRST, 0

    def advance(count: int) -> None:
        nonlocal due, done
        done += count
        now = time.monotonic()
        if now >= due and 0 < done < total:
            due = now + _BETWEEN
            left = timedelta(seconds=round((now - began) * (total - done) / done))
            say(f"{what}: {done / total:.0%}, {left} left")

    return advance


@contextmanager
def working(what: str) -> Iterator[None]:
    """A line on stderr that says what is being done and vanishes when it is; where a bar would be shown.

    Args:
        what: in a few words of ours; nothing else may be said meanwhile.
    """
    hidden = quiet() or not is_terminal(sys.stderr)
    with tqdm(desc=what, bar_format="{desc} ...", leave=False, disable=hidden, nrows=_ROWS):
        yield
