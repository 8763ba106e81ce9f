"""Opening what must be a file: a pipe, a device or a folder would block a job or yield nonsense."""

import errno
import hashlib
import os
import stat
from io import BufferedReader
from pathlib import Path

_BLOCK = 2**20


def open_regular(path: str | os.PathLike[str], *, follow_links: bool = True) -> BufferedReader:
    """Open a regular file for reading, without ever waiting for a writer.

    Args:
        path: the file.
        follow_links: whether the last part of the path may be a symbolic link.

    Raises:
        OSError: it is missing, not readable, no regular file, or a link that is not to be followed.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | (0 if follow_links else os.O_NOFOLLOW)
    descriptor = os.open(path, flags)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def why(error: OSError | ValueError) -> str:
    """What kept a file from being opened or read, without the path, which messages name themselves."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def file_digest(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a regular file.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with open_regular(path) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def read_digested(path: str | os.PathLike[str], sha256: str) -> bytes | None:
    """The bytes of a regular file that has this digest; None of another, which is never held in memory.

    Raises:
        OSError: it cannot be read.
    """
    if file_digest(path) != sha256:
        return None
    with open_regular(path) as file:
        data = file.read()
    return data if hashlib.sha256(data).hexdigest() == sha256 else None


def beside(path: Path, name: str) -> Path:
    """Where a file called ``name`` lies that belongs to ``path``.

    That is beside ``path``, or else, where ``path`` is a symbolic link such as
    ``production/current/report.json``, beside the file it leads to.
    """
    near = path.with_name(name)
    if os.path.lexists(near) or not os.path.islink(path):
        return near
    far = Path(os.path.realpath(path)).with_name(name)
    return far if os.path.lexists(far) else near
