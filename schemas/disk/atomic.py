"""Writing a file completely or not at all.

A symbolic link that the user names is followed. Where the name is ours (``own``), none is:
:mod:`schemas.disk.owned` says why.
"""

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import IO

from schemas.disk.owned import entered, refuse_link
from schemas.errors import OutputError


def write_bytes(path: str | os.PathLike[str], data: bytes, *, own: int = 0) -> None:
    """:func:`write_stream` of bytes in memory.

    Raises:
        OutputError: as there.
    """
    write_stream(path, lambda file: file.write(data), own=own)


def write_stream(path: str | os.PathLike[str], fill: Callable[[IO[bytes]], object], *, own: int = 0) -> None:
    """Replace the file at ``path`` with what ``fill`` writes; a reader sees the old content or the new.

    It goes to a temporary file in the same folder, is flushed to the disk and renamed. A symbolic link
    that the user named is followed, so that the link stays and its target changes.

    Args:
        path: where to.
        fill: writes the content.
        own: how many of the last parts of the path are no names of the user's: 1 is the file, 2 its
            folder too. A link among them is refused.

    Raises:
        OutputError: the folder is missing, not writable, or ``path`` is no regular file.
    """
    try:
        target = Path(path) if own else _followed(Path(path))
        if own:
            refuse_link(target)
        with entered(target.parent, own - 1) as folder:
            _replace(target, fill, folder)
    except (OSError, ValueError) as error:
        place = Path(os.path.realpath(path)) if os.path.islink(path) else Path(path)
        raise OutputError(f"cannot write {path}: {_why(error, place)}") from None


def write_text(path: str | os.PathLike[str], text: str, *, own: int = 0) -> None:
    """:func:`write_bytes` of the text as UTF-8, line ends as given.

    Raises:
        OutputError: as :func:`write_bytes`, or the text holds a lone surrogate.
    """
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise OutputError(f"cannot write {path}: {error}") from None
    write_bytes(path, data, own=own)


def _followed(path: Path) -> Path:
    """Where the file lies that the user named."""
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise OutputError(f"cannot write {path}: it is a symbolic link that leads back to itself")
    # Renaming over a device (/dev/null, /dev/stdout) would replace it for everybody.
    if target.exists() and not target.is_file():
        raise OutputError(f"cannot write {path}: it exists and is not a regular file")
    return target


def _replace(target: Path, fill: Callable[[IO[bytes]], object], folder: int | None) -> None:
    """Write and rename; by names in ``folder``, the handle of the target's, where there is one."""
    # Not derived from the target's name, which may already be as long as the file system allows.
    temporary = target.with_name(f".gatekeeper-{secrets.token_hex(8)}.tmp")
    at: dict[str, int] = {}
    if folder is not None:
        temporary, target, at = Path(temporary.name), Path(target.name), {"dir_fd": folder}
    # 0o666 less the umask, as for any new file; tempfile's 0o600 would hide reports from others.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, **at)
    try:
        with os.fdopen(descriptor, "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        if folder is None:
            os.replace(temporary, target)
        else:
            os.replace(temporary, target, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, **at)
    flush_folder(target.parent, **at)


def flush_folder(folder: Path, **at: int) -> None:
    """Make a rename durable. Some network file systems refuse; the file itself is in place.

    Args:
        folder: to flush.
        at: ``dir_fd``, the handle of a folder in which ``folder`` is looked for.
    """
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY, **at)
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
