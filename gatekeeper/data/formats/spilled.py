"""Bytes that are collected in memory, and from some size on in a file that nobody else sees.

A corpus may be larger than the memory. What is written to the file is mapped, so the system gives its
pages back when it needs them.
"""

import tempfile
import weakref
from typing import IO

import numpy as np
import numpy.typing as npt

from schemas.errors import OutputError

BOUND = 192 * 2**20
"""Bytes that are kept in memory before the first goes to the file."""


class Spilled:
    """A growing run of bytes.

    Example:
        >>> few, many = Spilled(), Spilled(bound=2)
        >>> for each in (few, many):
        ...     each.add(b"ab")
        ...     each.add(b"c")
        >>> few.array().tobytes() == many.array().tobytes() == b"abc"
        True
    """

    def __init__(self, bound: int = BOUND) -> None:
        """Keep up to ``bound`` bytes in memory."""
        self._bound, self._held = bound, bytearray()
        self._file: IO[bytes] | None = None

    def add(self, data: bytes | memoryview) -> None:
        """Append bytes.

        Raises:
            OutputError: the folder of temporary files has no room for them.
        """
        self._held += data
        if len(self._held) > self._bound:
            self._write()
            # What follows goes on in pieces: the file is written seldom, and little is held beside it.
            self._bound = min(self._bound, 2**22)

    def array(self) -> npt.NDArray[np.uint8]:
        """All of them; nothing can be added afterwards.

        Raises:
            OutputError: as :meth:`add`.
        """
        if self._file is None:
            return np.frombuffer(self._held, dtype=np.uint8)
        self._write()
        self._file.flush()
        return np.memmap(self._file, dtype=np.uint8, mode="r")  # which outlives the file's handle

    def _write(self) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="gatekeeper-")  # noqa: SIM115  (closed with its owner)
                weakref.finalize(self, self._file.close)
            self._file.write(self._held)
        except OSError as error:
            raise OutputError(
                f"{tempfile.gettempdir()} has no room for a large corpus ({error.strerror}); TMPDIR names "
                "another folder"
            ) from None
        self._held.clear()
