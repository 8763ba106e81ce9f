"""Progress bars."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tqdm import tqdm

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
