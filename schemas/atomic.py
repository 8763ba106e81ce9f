"""Writing a file completely or not at all."""

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import IO

from schemas.errors import OutputError


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """:func:`write_stream` of bytes in memory.

    Raises:
        OutputError: as there.
    """
    write_stream(path, lambda file: file.write(data))


def write_stream(path: str | os.PathLike[str], fill: Callable[[IO[bytes]], object]) -> None:
    """Replace the file at ``path`` with what ``fill`` writes; a reader sees the old content or the new.

    It goes to a temporary file in the same folder, is flushed to the disk and renamed. A symbolic link
    is followed, so that the link stays and its target changes.

    Raises:
        OutputError: the folder is missing, not writable, or ``path`` is no regular file.
    """
    try:
        # Renaming over a device (/dev/null, /dev/stdout) would replace it for everybody.
        target = Path(os.path.realpath(path))
        if target.is_symlink():
            raise OutputError(f"cannot write {path}: it is a symbolic link that leads back to itself")
        if target.exists() and not target.is_file():
            raise OutputError(f"cannot write {path}: it exists and is not a regular file")
        _replace(target, fill)
    except (OSError, ValueError) as error:
        place = Path(os.path.realpath(path)) if os.path.islink(path) else Path(path)
        raise OutputError(f"cannot write {path}: {_why(error, place)}") from None


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """:func:`write_bytes` of the text as UTF-8, line ends as given.

    Raises:
        OutputError: as :func:`write_bytes`, or the text holds a lone surrogate.
    """
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise OutputError(f"cannot write {path}: {error}") from None
    write_bytes(path, data)


def _replace(target: Path, fill: Callable[[IO[bytes]], object]) -> None:
    # Not derived from the target's name, which may already be as long as the file system allows.
    temporary = target.parent / f".gatekeeper-{secrets.token_hex(8)}.tmp"
    # 0o666 less the umask, as for any new file; tempfile's 0o600 would hide reports from others.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
    flush_folder(target.parent)


def flush_folder(folder: Path) -> None:
    """Make the rename durable. Some network file systems refuse; the file itself is in place."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _why(error: OSError | ValueError, path: Path) -> str:
    if isinstance(error, FileNotFoundError):
        return f"the folder {path.parent} does not exist; create it first"
    if isinstance(error, PermissionError):
        return f"no permission to write in {path.parent}"
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
