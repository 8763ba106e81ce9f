"""Standard output belongs to the command: what models print goes to standard error."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO


@contextlib.contextmanager
def reserved_stdout(*, process: bool) -> Iterator[TextIO]:
    """A stream for the command alone; all that is printed otherwise goes to standard error.

    Args:
        process: the process is the command's own. Then descriptor 1 itself leads to standard error, for
            what is printed in C too, and stays so: a hook that runs at the end may print as well. Otherwise
            only ``print`` of Python is led away, until the block ends.
    """
    ours = sys.stdout
    ours.flush()
    if not process or not isinstance(ours, io.TextIOWrapper) or not _is_descriptor_1(ours):
        with contextlib.redirect_stdout(sys.stderr):
            yield ours
        return
    kept = os.dup(1)  # no process that a model starts inherits it
    os.dup2(2, 1)
    ours.reconfigure(line_buffering=True)
    with open(kept, "w", encoding=ours.encoding, errors=ours.errors) as stream:
        yield stream


def _is_descriptor_1(stream: TextIO) -> bool:
    try:
        return stream.fileno() == 1
    except OSError:  # a stream in memory
        return False
