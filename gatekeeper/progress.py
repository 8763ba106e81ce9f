"""Progress bars."""

from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from gates.run import Progress


@contextmanager
def bar(what: str, total: int) -> Iterator[Progress]:
    """A progress bar on stderr that vanishes when it is done or stderr is no terminal."""
    with tqdm(total=total, desc=what, unit="prediction", unit_scale=True, leave=False, disable=None) as shown:

        def advance(count: int) -> None:
            shown.update(count)

        yield advance
