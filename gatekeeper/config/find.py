"""Which configuration file counts where none is named, and whose it may be."""

import os
import pwd
from pathlib import Path

from schemas.disk.opening import open_regular
from schemas.errors import UsageError
from schemas.reading.strict_toml import MAX_BYTES, loads

FILE_NAME = "gatekeeper.toml"
PROJECT = "pyproject.toml"


def find_config(folder: Path) -> Path | None:
    """The nearest configuration file in ``folder`` or above it, or None."""
    start = folder.resolve()
    for place in (start, *start.parents):
        if (place / FILE_NAME).is_file():
            return place / FILE_NAME
        project = place / PROJECT
        if project.is_file() and _mentions_us(project):
            return project
    return None


def _mentions_us(project: Path) -> bool:
    # A broken pyproject.toml of somebody else's is no reason to stop; ours is read again and reported.
    try:
        with open_regular(project) as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError:
        return False
    try:
        tools = loads(data, error=UsageError).get("tool", {})
    except UsageError:
        return b"[tool.gatekeeper" in data
    return isinstance(tools, dict) and "gatekeeper" in tools


def refuse_foreign(file: Path | None) -> None:
    """What was found and not named must be ours: the link, where it is one, and what it leads to."""
    if file is None:
        return
    for info in (file.lstat(), file.stat()):
        if info.st_uid not in _trusted_owners():
            raise UsageError(
                f"configuration file {file} belongs to {_user(info)}, who could have it decide for you; "
                "name it with --config if you trust it"
            )


def _trusted_owners() -> set[int]:
    """Whoever runs the command, root, and under sudo whoever asked for it."""
    asked = os.environ.get("SUDO_UID", "")
    sudo = {int(asked)} if os.geteuid() == 0 and asked.isascii() and asked.isdigit() else set()
    return {0, os.geteuid(), *sudo}


def _user(info: os.stat_result) -> str:
    try:
        return f"the user {pwd.getpwuid(info.st_uid).pw_name}"
    except KeyError:
        return f"the user with number {info.st_uid}"
