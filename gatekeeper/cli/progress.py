"""What shows that a command is at work: bars, and a line before there is anything to count."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tqdm import tqdm

from gatekeeper.cli.terminal import is_terminal
from gatekeeper.cli.voice import quiet
from schemas.text import printable

if TYPE_CHECKING:
    from gates.answers import Progress


@contextmanager
def bar(what: str, total: int, *, unit: str = "prediction") -> "Iterator[Progress]":
    """A progress bar on stderr that vanishes when it is done; none where it is no terminal, or quiet."""
    hidden = True if quiet() else None  # None: where stderr is no terminal
    with tqdm(
        total=total, desc=printable(what), unit=unit, unit_scale=True, leave=False, disable=hidden
    ) as shown:

        def advance(count: int) -> None:
            shown.update(count)

        yield advance


@contextmanager
def working(what: str) -> Iterator[None]:
    """A line on stderr that says what is being done and vanishes when it is; where a bar would be shown.

    Args:
        what: in a few words of ours; nothing else may be said meanwhile.
    """
    hidden = quiet() or not is_terminal(sys.stderr)
    with tqdm(desc=what, bar_format="{desc} ...", leave=False, disable=hidden):
        yield
