"""A terminal of a given size for a program's stdout or stderr, and what appears on it."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[2]


def seen_on_terminal(
    command: Sequence[str],
    *,
    stream: Literal["stdout", "stderr"] = "stderr",
    columns: int = 100,
    **variables: str,
) -> tuple[int, str]:
    """Run a command of whose streams one is a terminal.

    Args:
        command: what to run; the packages of this source tree are found first.
        stream: which one.
        columns: width of the terminal.
        variables: of the environment.

    Returns:
        Exit code, and everything written to the terminal. What goes to the other stream is dropped.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    process = subprocess.Popen(
        command,
        stderr=slave if stream == "stderr" else subprocess.DEVNULL,
        stdout=slave if stream == "stdout" else subprocess.DEVNULL,
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
