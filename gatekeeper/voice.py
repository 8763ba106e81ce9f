"""What commands say on stderr besides errors, and the ``--quiet`` that silences it."""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator

import click

_QUIET = "gatekeeper.quiet"


def say(line: str) -> None:
    """A line for people on stderr, unless the command was told to be quiet."""
    if not quiet():
        click.echo(line, err=True)


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
