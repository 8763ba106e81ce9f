"""The only way out for text: every line that a command shows or says goes through here.

Whatever somebody else's text in it might do to a terminal or in the log of a CI job, it does not do
(:mod:`schemas.text`).
"""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from typing import TextIO

import click

from schemas.reading.strict_json import dumps
from schemas.text import harmless, harmless_json

_QUIET = "gatekeeper.quiet"


def show(text: str, *, end: str = "\n", file: TextIO | None = None) -> None:
    """Lines for people on stdout, or on what stands for it."""
    hand_over(harmless(text) + end, file=file)


def show_json(value: object, *, file: TextIO | None = None) -> None:
    """A value as JSON on stdout, or on what stands for it."""
    hand_over(harmless_json(dumps(value)), file=file)


def hand_over(text: str, *, file: TextIO | None = None) -> None:
    """A text for programs, in which whoever wrote it has left nothing that is not meant.

    What the stream's encoding lacks is shown as its escape, the sign of an interval as ``~``: no verdict is
    lost for it.
    """
    encoding = (sys.stdout if file is None else file).encoding or "utf-8"
    try:
        text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError:
        text = text.replace("±", "~").encode(encoding, "backslashreplace").decode(encoding)
    click.echo(text, file=file, nl=False)


def say(line: str) -> None:
    """A line for people on stderr, unless the command was told to be quiet."""
    if not quiet():
        warn(line)


def warn(text: str, *, file: TextIO | None = None) -> None:
    """Lines that are said however quiet all shall be; no work is lost where stderr is full or gone."""
    with contextlib.suppress(OSError):
        click.echo(harmless(text), err=file is None, file=file)


def quiet() -> bool:
    """Whether the running command was told to be quiet; never outside of one."""
    context = click.get_current_context(silent=True)
    return context is not None and context.meta.get(_QUIET, False)


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Where a command was told to be quiet nothing reaches stderr, whoever writes it.

    Libraries keep handles of their own, some in C. An error that leaves the block is told afterwards.
    """
    if not quiet():
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w", encoding="utf-8") as nothing, contextlib.redirect_stderr(nothing):
            os.dup2(nothing.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def quiet_option() -> click.Option:
    """``--quiet``, for any command: errors and what is printed on stdout stay."""
    return click.Option(
        ["-q", "--quiet"],
        is_flag=True,
        expose_value=False,
        callback=_hush,
        help="No progress, no notes: only errors on stderr.",
    )


def _hush(context: click.Context, parameter: click.Parameter, given: bool) -> None:
    if given:
        context.meta[_QUIET] = True
        context.with_resource(warnings.catch_warnings(action="ignore"))
