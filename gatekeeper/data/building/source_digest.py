"""What a data set was made from, told by a digest: the same source gives the same."""

import hashlib
from pathlib import Path

from schemas.disk.opening import file_digest
from schemas.errors import DataError


def source_digest(path: Path) -> str:
    """SHA-256 of what a data set is made from: of a file, or of the names and digests of a folder's files.

    Files and folders whose names begin with a dot do not count.

    Raises:
        DataError: it cannot be read.
    """
    try:
        if not path.is_dir():
            return file_digest(path)
        files = sorted(each.relative_to(path) for each in path.rglob("*") if each.is_file())
        shown = [each for each in files if not any(part.startswith(".") for part in each.parts)]
        lines = (f"{file_digest(path / each)}  {each.as_posix()}\n" for each in shown)
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
