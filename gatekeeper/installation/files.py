"""The files of this installation, compared with what the installer wrote down of them.

``schemas``, ``gates`` and ``trainers`` are common names, and an installer that meets another package of such
a name overwrites ours without a word: thresholds and judge would be somebody else's. Nothing of the packages
that are verified is imported here.
"""

import csv
import hashlib
import os
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from importlib.machinery import all_suffixes
from pathlib import Path

from gatekeeper import DISTRIBUTION

SIBLINGS = ("schemas", "gates", "trainers")
PACKAGES = (*SIBLINGS, "gatekeeper")

BUILTIN_POLICIES: Mapping[str, str] = {
    "schemas/policies/seed-5cat.toml": "f6109758f42d38cb85c0acabaf0853ab1a97e076574643f793e5e332723acea3",
    "schemas/policies/skill.toml": "d2b36ac5ea8674baa6150910e2d2ff0928128e0f964ed3f230e281683f87b1c1",
    "schemas/policies/strict-5cat.toml": "a76b9faec9533bde9c69131bd1d3613f007fe8e34658b48d66d283452448a20a",
}
"""Path -> SHA-256 of its bytes, kept here because they are what decides; verified also without a RECORD."""

_FORMER = "gatekeeper"  # what installers called this project once
_CACHE = "__pycache__"
_OWN_SUFFIXES = (*all_suffixes(), ".toml", ".json")
_ALGORITHMS = ("sha256", "sha384", "sha512")
_UNCHECKED, _CHECK_SOURCE = 0b01, 0b10  # of the flags in a .pyc file, PEP 552
_AGAIN = f"install {DISTRIBUTION} again, into an environment of its own"


class InstallationError(ImportError):
    """This installation is not what was installed.

    Not one of ``schemas.errors``, which may be the very package that was overwritten.
    """

    exit_code = 3


def verify_files(home: Path) -> dict[str, bytes] | None:
    """Verify all files of the four packages before any of them is imported.

    Args:
        home: the folder they lie in.

    Returns:
        Path below ``home`` -> source, of every module, as it was verified; None where nobody wrote down
        digests of the files, in a checkout. Then only the built-in policies were verified.

    Raises:
        InstallationError: a file was changed, added or removed since, or a compiled one asks not to be
            checked against its source.
    """
    try:
        found = {path for package in PACKAGES for path in _files(home, package)}
        recorded = _recorded(home)
        contents = {path: (home / path).read_bytes() for path in sorted(recorded or BUILTIN_POLICIES)}
    except OSError as error:
        raise InstallationError(f"{error.filename} cannot be read: {error.strerror}; {_AGAIN}") from None
    policies = {path for path in found if path.startswith("schemas/policies/") and path.endswith(".toml")}
    added = policies - BUILTIN_POLICIES.keys()
    if recorded is not None:
        added |= {path for path in found - recorded.keys() if path.endswith(_OWN_SUFFIXES)}
    if added:
        path = min(added)
        raise InstallationError(f"{home / path} is no file of gatekeeper{_brought(home, path)}; {_AGAIN}")
    for path, data in contents.items():
        expected = set() if recorded is None else {recorded[path]}
        expected |= {("sha256", BUILTIN_POLICIES[path])} if path in BUILTIN_POLICIES else set()
        if any(_digest(algorithm, data) != value for algorithm, value in expected):
            raise InstallationError(
                f"{home / path} is not the file that was installed{_brought(home, path)}; {_AGAIN}"
            )
    if recorded is None:
        return None
    return {path: data for path, data in contents.items() if path.endswith(".py")}


def _files(home: Path, folder: str) -> Iterator[str]:
    """All files below a folder but the compiled ones, which are refused where nothing checks their source."""
    with os.scandir(home / folder) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        path = f"{folder}/{entry.name}"
        if entry.is_dir() and not entry.is_symlink():
            yield from _files(home, path)
        elif not folder.endswith(_CACHE):
            yield path
        elif entry.name.endswith(".pyc") and _is_unchecked(home / path):
            raise InstallationError(
                f"{home / path} says that it need not be checked against its source, so it may be anything; "
                f"delete it, or {_AGAIN}"
            )


def _is_unchecked(path: Path) -> bool:
    with open(path, "rb", buffering=0) as file:
        flags = int.from_bytes(file.read(8)[4:], "little")
    return bool(flags & _UNCHECKED) and not flags & _CHECK_SOURCE


def _recorded(home: Path) -> dict[str, tuple[str, str]] | None:
    """Path -> algorithm and hex digest of our files, as an installer wrote them down; None where none has."""
    records = sorted(home.glob(f"{DISTRIBUTION.replace('-', '_')}-*.dist-info/RECORD"))
    if not records:
        return None
    if len(records) > 1:
        names = " and ".join(record.parent.name for record in records)
        raise InstallationError(f"{names} lie in {home} at once; {_AGAIN}")
    try:
        found = dict(_digests(records[0]))
    except (ValueError, csv.Error) as error:  # bytes that are no text, a digest that is none
        raise InstallationError(f"{records[0]} is broken: {error}; {_AGAIN}") from None
    if not found:
        raise InstallationError(f"{records[0]} names none of the files of gatekeeper; {_AGAIN}")
    return found


def _digests(record: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """Path, and algorithm and hex digest, of each file of ours that a RECORD names."""
    with open(record, newline="", encoding="utf-8") as file:
        for path, digest, _ in (row for row in csv.reader(file) if len(row) == 3):
            parts = path.split("/")
            if parts[0] in PACKAGES and _CACHE not in parts:
                algorithm, _, value = digest.partition("=")
                if algorithm not in _ALGORITHMS:
                    raise InstallationError(f"{record} holds no digest of {path}; {_AGAIN}")
                yield path, (algorithm, urlsafe_b64decode(f"{value}==").hex())


def _digest(algorithm: str, data: bytes) -> str:
    return hashlib.new(algorithm, data).hexdigest()


def _brought(home: Path, path: str) -> str:
    """Who else brings a file of this name, where an installer wrote it down."""
    own = f"{DISTRIBUTION.replace('-', '_')}-"
    for record in sorted(home.glob("*.dist-info/RECORD")):
        name = record.parent.name
        if not name.startswith(own):
            text = record.read_text(encoding="utf-8", errors="replace")
            if any(line.startswith(f"{path},") for line in text.splitlines()):
                remedy = f": pip uninstall {_FORMER}" if name.startswith(f"{_FORMER}-") else ""
                return f" ({name.removesuffix('.dist-info')} brings it too{remedy})"
    return ""
