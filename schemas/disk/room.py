"""Names that the file system has room for, looked at before the work whose result they shall hold."""

import errno
import os
from pathlib import Path

from schemas.errors import OutputError

_TEMPORARY = f".gatekeeper-{'0' * 16}.tmp"
"""What a file is called until it is whole (:mod:`schemas.disk.atomic`)."""


def check_room(*paths: Path) -> None:
    """Refuse a path whose last name, or which itself, is longer than the file system takes.

    Names of our own grow from the user's: ``m.pt`` becomes ``m.report.scores.npz``. One that is too long
    would be told only when the file is written, after all the work.

    Raises:
        OutputError: names the file, its length and what is taken.
    """
    for path in (*paths, *(path.with_name(_TEMPORARY) for path in paths if path.name)):
        try:
            os.lstat(path)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                continue  # that it is missing is what is expected; all else is told where it is written
            size, most = len(os.fsencode(path.name)), _most(path.parent)
            what = f"its name has {size} bytes, at most {most}" if size > most else "the path; none so long"
            shown = path.name[:60]
            raise OutputError(
                f"cannot write {shown}: File name too long ({what} can be there); choose a shorter one"
            ) from None


def _most(folder: Path) -> int:
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except (OSError, ValueError):
        return 255
