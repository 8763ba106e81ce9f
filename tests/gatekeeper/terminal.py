"""A terminal of a given size for a program's stderr, and what appears on it."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def seen_on_terminal(command: Sequence[str], *, columns: int = 100, **variables: str) -> tuple[int, str]:
    """Run a command whose stderr is a terminal.

    Args:
        command: what to run; the packages of this source tree are found first.
        columns: width of the terminal.
        variables: of the environment.

    Returns:
        Exit code, and everything written to the terminal. What goes to stdout is dropped.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    process = subprocess.Popen(
        command,
        stderr=slave,
        stdout=subprocess.DEVNULL,
        env={**clean, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TERM": "xterm", **variables},
    )
    os.close(slave)
    pieces = []
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # Linux: nobody holds the other end any more
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(master)
    return process.wait(), b"".join(pieces).decode()
