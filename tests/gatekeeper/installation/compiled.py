"""Compiled files with other code than their source's."""

import importlib.machinery
import importlib.util
import marshal
from pathlib import Path


def forged(source: Path, code: str, kind: str) -> bytes:
    """A ``.pyc`` file with other code that Python believes."""
    read = source.read_bytes()
    flags = {"unchecked": 1, "checked": 3, "timestamp": 0}[kind]
    if kind == "timestamp":
        stat = source.stat()
        key = int(stat.st_mtime).to_bytes(4, "little") + (stat.st_size & 0xFFFFFFFF).to_bytes(4, "little")
    else:
        key = importlib.util.source_hash(read)
    compiled = marshal.dumps(compile(code, str(source), "exec"))
    return importlib.util.MAGIC_NUMBER + flags.to_bytes(4, "little") + key + compiled


PLANTED = "raise SystemExit('the planted code ran')"
