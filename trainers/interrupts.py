"""Signals that ask a run to end: the step is finished, the state saved, the program left with code 4."""

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)


class Interrupts:
    """Whether somebody asked."""

    def __init__(self) -> None:
        self.received: str | None = None

    def notice(self, number: int, frame: FrameType | None) -> None:
        """The handler. A second signal ends the process at once; saved states are whole all the same."""
        if self.received is not None:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.received = signal.Signals(number).name


@contextlib.contextmanager
def listening() -> Iterator[Interrupts]:
    """Listen to :data:`SIGNALS` for as long as the block runs.

    Where SIGHUP is ignored, it stays so: ``nohup`` asks for it.
    """
    interrupts = Interrupts()
    heard = [
        number
        for number in SIGNALS
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN
    ]
    before = {number: signal.signal(number, interrupts.notice) for number in heard}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
