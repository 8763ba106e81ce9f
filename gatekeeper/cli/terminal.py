"""What a stream can show: whether it is a terminal, and whether colour is wanted there."""

import os
import re
from typing import TextIO

import click

_COLOURS = {"DEPLOYABLE": "green", "BLOCKED": "red", "ERROR": "yellow"}
_VERDICT = re.compile(rf"^({'|'.join(_COLOURS)}): .*$", re.MULTILINE)

_FULL = "gatekeeper.full"


def _remember(context: click.Context, parameter: click.Parameter, given: bool) -> None:
    context.meta[_FULL] = given


full_option = click.option(
    "--full",
    is_flag=True,
    expose_value=False,
    callback=_remember,
    help="Print every row and every reason, not the verdict alone.",
)


def full_asked() -> bool:
    """Whether the running command was told to print everything."""
    return bool(click.get_current_context().meta.get(_FULL, False))


def is_terminal(stream: TextIO) -> bool:
    """Whether lines on this stream can be rewritten and coloured."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb", "unknown")


def wants_colour() -> bool:
    """Whether the user has not asked for none (https://no-color.org)."""
    return not os.environ.get("NO_COLOR")


def colour_on(stream: TextIO) -> bool:
    """Whether to colour what is written there: on a terminal, unless the user has asked for none."""
    return is_terminal(stream) and wants_colour()


def painted(text: str, stream: TextIO) -> str:
    """The text with the line of its verdict in colour, where the stream shows colours.

    The line says it all; the colour only repeats it.
    """
    if not colour_on(stream):
        return text
    return _VERDICT.sub(lambda line: click.style(line[0], fg=_COLOURS[line[1]]), text, count=1)
