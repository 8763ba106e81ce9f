"""Folders on a disk of memory, where the system has one: flushes of a real disk only cost time in tests."""

import os
import tempfile
from pathlib import Path

_DISK = Path("/dev/shm")
WHERE = _DISK if os.access(_DISK, os.W_OK | os.X_OK) else None
"""For ``dir`` of :mod:`tempfile`; None is its own choice."""


def memory_folder() -> "tempfile.TemporaryDirectory[str]":
    """A new folder, removed at the end of the block."""
    return tempfile.TemporaryDirectory(prefix="gatekeeper-tests-", dir=WHERE, ignore_cleanup_errors=True)
