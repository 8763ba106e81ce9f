"""The live view of a training run: a few lines at the bottom of a terminal, rewritten in place.

Log lines scroll by above it, exactly as they are printed where there is no terminal.
"""

import functools
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TextIO

import click

from gatekeeper.cli.terminal import is_terminal, wants_colour
from gatekeeper.cli.voice import quiet, warn
from gatekeeper.training.recorder import View
from schemas.records.history import Epoch, MiniGates, SplitGates
from schemas.records.splits import selecting
from trainers.contracts import RunStart, StepProgress

INTERVAL = 0.1
"""Seconds from one picture to the next at least."""

_GAP = "   "
_NARROW_GAP = "  "
"""Of the line of the gates, so that 80 columns have room for it."""

_SHOWN = (
    ("margin", "margin", "+.3f"),
    ("R@5", "recall", ".3f"),
    ("cos", "cos", ".3f"),
    ("bits", "bits", ".2f"),
)
"""Label, field of the history and form of each figure."""

_ARROWS = {"↑": "green", "↓": "red"}


def columns_of(stream: TextIO) -> int:
    """Width of the terminal now, 0 where it does not say."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0


def open_status() -> "Status | None":
    """The status on stderr; None where that is no terminal, or all shall be quiet."""
    if quiet() or not is_terminal(sys.stderr):
        return None
    return Status(sys.stderr, colour=wants_colour(), columns=functools.partial(columns_of, sys.stderr))


@dataclass
class Status(View):
    """The status, and the log lines above it.

    Attributes:
        stream: a terminal. colour: of the arrows. columns: its width, asked before every picture; a
            picture that does not fit is not shown.
        clock: seconds.
    """

    stream: TextIO
    colour: bool
    columns: Callable[[], int]
    clock: Callable[[], float] = time.monotonic
    _start: RunStart = field(default_factory=lambda: RunStart(epochs=0, steps=0), init=False)
    _minis: list[tuple[int, MiniGates]] = field(default_factory=list, init=False)
    _begun: float = field(default=0.0, init=False)
    _drawn: float | None = field(default=None, init=False)
    _height: int = field(default=0, init=False)

    def begin(self, start: RunStart) -> None:
        """Start the clock; what the gates said before counts as the last."""
        self._start, self._begun = start, self.clock()
        for record in start.done:
            self.epoch(record)

    def step(self, progress: StepProgress) -> None:
        """Draw, if the last picture is old enough."""
        now = self.clock()
        if self._drawn is None or now - self._drawn >= INTERVAL:
            self._drawn = now
            self._draw(progress, now)

    def epoch(self, record: Epoch) -> None:
        """Keep what the gates said."""
        if record.mini is not None:
            self._minis = [*self._minis[-1:], (record.epoch, record.mini)]

    def log(self, line: str) -> None:
        """A line that stays, above the status; the next step draws it again."""
        self.erase()
        self._drawn = None
        warn(line, file=self.stream)

    def erase(self) -> None:
        """Take the status away."""
        if self._height:
            up = f"\x1b[{self._height - 1}A" if self._height > 1 else ""
            self.stream.write(f"\r{up}\x1b[J")
            self.stream.flush()
            self._height = 0

    def _draw(self, progress: StepProgress, now: float) -> None:
        lines = picture(self._start, progress, self._minis, elapsed=now - self._begun)
        self.erase()
        # A line as wide as the terminal would already wrap on some.
        if max(map(len, lines)) < self.columns():
            self.stream.write("\n".join(self._painted(line) for line in lines))
            self.stream.flush()
            self._height = len(lines)

    def _painted(self, line: str) -> str:
        for arrow, colour in _ARROWS.items() if self.colour else ():
            line = line.replace(arrow, click.style(arrow, fg=colour))
        return line


def picture(
    start: RunStart, progress: StepProgress, minis: list[tuple[int, MiniGates]], *, elapsed: float
) -> list[str]:
    """The lines of the status.

    Args:
        start: where this process began.
        progress: the step just taken.
        minis: up to two epochs with what the gates said after them, the last one last.
        elapsed: seconds since this process began, gates included.
    """
    done = (progress.epoch - 1) * start.steps + progress.step
    mine = done - (start.epoch - 1) * start.steps - start.step
    left = elapsed / max(mine, 1) * (start.epochs * start.steps - done)
    means = progress.means()
    lines = [
        _GAP.join(
            (
                f"epoch {progress.epoch}/{start.epochs}",
                f"step {progress.step}/{progress.steps}",
                f"{progress.samples / max(progress.seconds, 1e-9):.0f} samples/s",
                f"ETA {timedelta(seconds=round(left))}",
            )
        ),
        _GAP.join(
            (f"loss {means['loss']:.5f}", f"gap {means['gap']:+.3f}", f"λ_eff {means['lambda_eff']:.5f}")
        ),
    ]
    if minis:
        epoch, last = minis[-1]
        before = minis[-2][1].splits if len(minis) > 1 else {}
        lines.append(_NARROW_GAP.join((f"Mini-5CAT of epoch {epoch}", *_figures(last.splits, before))))
    return lines


def _figures(splits: Mapping[str, SplitGates], before: Mapping[str, SplitGates]) -> list[str]:
    shown, chooses = [], selecting(splits)
    for label, name, form in _SHOWN:
        value = getattr(splits[chooses], name)
        old = getattr(before[chooses], name) if chooses in before else None
        text = "-" if value is None else format(value, form)
        shown.append(f"{label} {text}{_arrow(value, old, form)}")
    return shown


def _arrow(value: float | None, old: float | None, form: str) -> str:
    """Which way a figure went, as far as it is shown."""
    if value is None or old is None:
        return ""
    now, then = float(format(value, form)), float(format(old, form))
    return " ↑" if now > then else " ↓" if now < then else " →"
