"""The releases in a deployment folder: read, written, and swept where a deployment did not get through."""

import os
import re
import secrets
from pathlib import Path

from gatekeeper.deployment.kept import REPORT
from gatekeeper.deployment.own_names import CURRENT, MODELS, POINTER, RELEASES, REPORTS, TEMPORARY
from schemas.disk.atomic import flush_folder, write_text
from schemas.errors import ReportError, UsageError
from schemas.reading.codec import encode
from schemas.reading.document import check_document
from schemas.reading.production import parse_production, read_production
from schemas.reading.strict_json import dumps
from schemas.records.production import PRODUCTION_VERSION, DeployedModel, Production

_PART = re.compile(r"PRODUCTION\.json|report\.json|model\.[a-z0-9]+|\.gatekeeper-[0-9a-f]+\.tmp")
"""What a release consists of."""


def production(folder: Path) -> Production | None:
    """What is in production, or None before the first deployment.

    Raises:
        ReportError: ``current`` names no whole release.
    """
    pointer = folder / CURRENT
    if not pointer.is_symlink():
        if pointer.exists():
            raise ReportError(f"{pointer} must be a symbolic link to a release, found something else")
        return None
    return read_production(pointer / POINTER)


def history(folder: Path) -> tuple[Production, ...]:
    """All releases that were in production, newest first.

    Raises:
        UsageError: it is no folder.
        ReportError: a record is missing or broken.
    """
    if not os.path.isdir(folder) and (os.path.lexists(folder) or not os.path.isdir(folder.parent)):
        raise UsageError(f"{folder} is no deployment folder")
    found, each = [], production(folder)
    while each is not None:
        found.append(each)
        if each.replaced is not None and each.replaced >= each.release:
            raise ReportError(f"{folder}: release {each.release} claims to have replaced {each.replaced}")
        each = None if each.replaced is None else read_release(folder, each.replaced)
    return tuple(found)


def read_release(folder: Path, number: int) -> Production:
    """The record of a release.

    Raises:
        ReportError: it is missing, broken, or of another release.
    """
    path = folder / RELEASES / _number(number) / POINTER
    found = read_production(path)
    if found.release != number:
        raise ReportError(f"{path} is the record of release {found.release}, expected {number}")
    return found


def model_name(model: DeployedModel) -> str:
    """What a model is called among all models that were ever let through."""
    return f"{model.sha256}{Path(model.file).suffix}"


def write_release(folder: Path, record: Production) -> None:
    """Write a release, whole and flushed; its model and report are there already.

    Raises:
        OutputError, OSError: it cannot be written.
    """
    value = encode(record)
    check_document("production", PRODUCTION_VERSION, value)
    place = folder / RELEASES / _number(record.release)
    place.mkdir()
    write_text(place / POINTER, dumps(value), own=3)
    links = {
        record.model.file: f"../../{MODELS}/{model_name(record.model)}",
        REPORT: f"../../{REPORTS}/{record.report_sha256}/{REPORT}",
    }
    for name, target in links.items():
        os.symlink(target, place / name)
    flush_folder(place)
    flush_folder(place.parent)


def serve(folder: Path, number: int) -> None:
    """Point ``current`` at a whole release; the last rename is the moment it takes effect.

    Raises:
        OSError: it cannot be pointed there.
    """
    if not (folder / POINTER).is_symlink():
        os.symlink(f"{CURRENT}/{POINTER}", folder / POINTER)
        flush_folder(folder)
    switch = folder / f"{TEMPORARY}{secrets.token_hex(8)}.tmp"
    os.symlink(f"{RELEASES}/{_number(number)}", switch)
    os.replace(switch, folder / CURRENT)
    flush_folder(folder)


def sweep(folder: Path, current: Production | None) -> int:
    """Remove what a deployment that did not get through left behind, and find the next release's number.

    Half releases after the current one and temporary files go. Whole releases, models and reports stay:
    if somebody moved ``current`` by hand, they were in production.

    Raises:
        ReportError: ``current`` is gone, but there was more than a first release.
    """
    newest = 0 if current is None else current.release
    numbers = [newest]
    for path in (folder / RELEASES).iterdir():
        if not path.name.isdigit() or int(path.name) <= newest:
            continue
        release = _whole(path)
        if release is None:
            _remove_half(path)
        elif current is None and release.replaced is not None:
            raise ReportError(
                f"{folder / CURRENT} is gone, but not release {release.release}; point {CURRENT} at the "
                "release that should be in production"
            )
        else:
            numbers.append(release.release)
    for place in (folder, folder / MODELS, *(folder / REPORTS).iterdir()):
        for path in place.iterdir() if place.is_dir() else ():
            if path.name.startswith(TEMPORARY):
                path.unlink()
    return max(numbers) + 1


def _remove_half(place: Path) -> None:
    """Remove half a release, unless it holds what none of ours does.

    Raises:
        ReportError: it does.
    """
    parts = list(place.iterdir())
    foreign = [part.name for part in parts if not _PART.fullmatch(part.name)]
    if foreign:
        raise ReportError(
            f"{place} is no whole release, and {foreign[0]!r} in it is none of ours; move it away"
        )
    for part in parts:
        part.unlink()
    place.rmdir()


def _whole(place: Path) -> Production | None:
    """The record of a release that has all its parts; None for half a one."""
    try:
        data = (place / POINTER).read_bytes()  # what cannot be read is an error, not half a release
        release = parse_production(data)
    except (FileNotFoundError, ReportError):
        return None
    parts = (place / REPORT, place / release.model.file)
    return release if all(os.path.exists(part) for part in parts) else None


def _number(release: int) -> str:
    return f"{release:06d}"
