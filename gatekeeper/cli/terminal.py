"""What a stream can show: whether it is a terminal, and whether colour is wanted there."""

import os
from typing import TextIO


def is_terminal(stream: TextIO) -> bool:
    """Whether lines on this stream can be rewritten and coloured."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb", "unknown")


def wants_colour() -> bool:
    """Whether the user has not asked for none (https://no-color.org)."""
    return not os.environ.get("NO_COLOR")


def colour_on(stream: TextIO) -> bool:
    """Whether to colour what is written there: on a terminal, unless the user has asked for none."""
    return is_terminal(stream) and wants_colour()
