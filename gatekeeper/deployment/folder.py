"""A deployment folder: releases that never change, and one pointer that switches between them.

::

    DIR/current -> releases/000002            the switch: one atomic rename
    DIR/PRODUCTION.json -> current/PRODUCTION.json
    DIR/releases/000002/PRODUCTION.json       what is served, since when, on whose word, what was before
    DIR/releases/000002/model.pt -> ../../models/<sha256>.pt
    DIR/releases/000002/report.json -> ../../reports/<sha256>/report.json
    DIR/models/<sha256>.pt                    every model under its digest, written once
    DIR/reports/<sha256>/                     its report, signature and per-sample scores
    DIR/.reserve-for-rollback                 64 kB that a rollback frees where the disk is full

Everything a release needs is complete and flushed before ``current`` is renamed over the old one, and
nothing that an earlier release needs is ever written to. A crash therefore leaves the old release or the
new one. Half-written files and half releases are removed by the next deployment.
"""

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from gatekeeper.deployment.kept import REPORT, SIGNATURE, kept_scores
from gatekeeper.deployment.model_file import confirmed_format, open_model
from gatekeeper.deployment.own_names import (
    CURRENT,
    MODELS,
    POINTER,
    RELEASES,
    REPORTS,
    keep_reserve,
    make_own_folders,
    refuse_planted,
    reserve_freed,
)
from gatekeeper.deployment.verify import (
    Authentic,
    Demands,
    Ruling,
    Submission,
    authenticate,
    authenticate_served,
    check_model,
    model_digest,
    read_submission,
    rule,
)
from schemas.disk.atomic import flush_folder, write_bytes, write_text
from schemas.disk.lock import locked
from schemas.disk.owned import make_own_folder
from schemas.errors import ModelError, OutputError, ReportError, UsageError
from schemas.reading.codec import encode
from schemas.reading.document import check_document
from schemas.reading.model_format import SUFFIXES
from schemas.reading.production import parse_production, read_production
from schemas.reading.strict_json import dumps
from schemas.records.production import PRODUCTION_VERSION, DeployedModel, Predecessor, Production

_BLOCK = 2**20
_TEMPORARY = ".gatekeeper-"
_PART = re.compile(r"PRODUCTION\.json|report\.json|model\.[a-z0-9]+|\.gatekeeper-[0-9a-f]+\.tmp")
"""What a release consists of."""


@dataclass(frozen=True)
class Deployed:
    """What a deployment came to: the ruling, and the release if it was let through."""

    ruling: Ruling
    production: Production | None


def deploy(
    model: Path,
    submission: Submission,
    demands: Demands,
    folder: Path,
    *,
    champion: Submission | None = None,
    now: datetime | None = None,
) -> Deployed:
    """Copy a model, check the copy, and switch to it if it is let through.

    The champion is the model in production; there is none before the first deployment.

    Args:
        model: the file to deploy.
        submission: its report and signature.
        demands: what the verifier asks for.
        folder: the deployment folder; made if it is missing.
        champion: a newer report of the model in production, e.g. on newer data; by default the one
            it was let through with.
        now: the time of the decision; the clock's by default.

    Raises:
        ModelError: the model cannot be read, its copy differs, or it is no model file of one format.
        ReportError: the report is refused (:func:`gatekeeper.deployment.verify.examine`), or the
            folder's own records are broken.
        OutputError: a file cannot be written.
        UsageError: another deployment is at work in the folder, or a champion is named before the first.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    # A report may take long to read: nobody shall wait for that, a rollback least of all.
    authentic = authenticate(submission, demands)
    check_model(authentic, model_digest(model), model)
    named = None if champion is None else authenticate(champion, demands)
    scores = kept_scores(authentic)
    _make(folder)
    with _at_work(folder):
        before = production(folder)
        if before is None and champion is not None:
            raise UsageError(f"--champion names one, but nothing is deployed in {folder} yet; leave it out")
        number = _sweep(folder, before)
        keep_reserve(folder)
        copy, size = _copy(model, folder / MODELS)
        try:
            digest = model_digest(copy)
            compared = before is not None and bool(demands.policy.policy.champion)
            rival = None
            if before and compared:
                rival = named or authenticate_served(_champion(folder, before), demands)
            ruling = rule(
                authentic,
                replace(demands, first=before is None),
                model_sha256=digest,
                champion=rival,
                champion_sha256=before.model.sha256 if before and compared else None,
                now=moment,
            )
            if not ruling.decision.judgement.verdict.deployable:
                return Deployed(ruling, None)
            suffix = SUFFIXES[confirmed_format(ruling.report, copy)]
            name = f"{digest}{suffix}"
            _place(copy, folder / MODELS / name)
        finally:
            with contextlib.suppress(FileNotFoundError):
                copy.unlink()
        _keep_report(authentic, scores, folder)
        released = Production(
            schema_version=PRODUCTION_VERSION,
            release=number,
            action="deploy",
            deployed=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            model=DeployedModel(f"model{suffix}", digest, size),
            report_sha256=submission.sha256,
            signer=ruling.decision.signer,
            policy=ruling.decision.policy,
            replaced=None if before is None else before.release,
            predecessor=None if before is None else Predecessor(before.release, before.model.sha256),
            restores=None,
        )
        _release(released, folder)
        return Deployed(ruling, released)


def roll_back(folder: Path, *, now: datetime | None = None) -> Production:
    """Serve the predecessor of the current release again.

    Its model and report must still have the digests it was let through with; they are not judged
    anew, for the policy may have changed since and an emergency must not wait for it.

    Raises:
        UsageError: nothing is deployed, there is no predecessor, or a deployment is at work.
        ReportError, ModelError: what would be restored is damaged.
        OutputError: a file cannot be written.
    """
    if not os.path.isdir(folder):
        raise UsageError(f"{folder} is no deployment folder; nothing can be rolled back")
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    with _at_work(folder):
        before = production(folder)
        if before is None or before.predecessor is None:
            which = (
                "nothing is deployed" if before is None else f"release {before.release} has no predecessor"
            )
            raise UsageError(f"{folder}: {which}, so there is nothing to roll back to")
        number = _sweep(folder, before)
        target = read_release(folder, before.predecessor.release)
        _check_stored(folder, target, before.predecessor.model_sha256)
        released = replace(
            target,
            release=number,
            action="rollback",
            deployed=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            replaced=before.release,
            restores=target.restores or target.release,
        )
        with reserve_freed(folder):
            _release(released, folder)
        return released


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
    return tuple(_back(folder, production(folder)))


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


def _back(folder: Path, newest: Production | None) -> Iterator[Production]:
    each = newest
    while each is not None:
        yield each
        if each.replaced is not None and each.replaced >= each.release:
            raise ReportError(f"{folder}: release {each.release} claims to have replaced {each.replaced}")
        each = None if each.replaced is None else read_release(folder, each.replaced)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        make_own_folders(folder)
        for place in (folder, folder.parent):
            flush_folder(place)
    except OSError as error:
        raise OutputError(f"cannot make the deployment folder {folder}: {error.strerror}") from None


@contextlib.contextmanager
def _at_work(folder: Path) -> Iterator[None]:
    try:
        with locked(folder, "deployment"):
            refuse_planted(folder)
            yield
    except OSError as error:
        raise OutputError(f"cannot deploy to {folder}: {error.strerror}") from None


def _copy(model: Path, store: Path) -> tuple[Path, int]:
    """Copy a model to a temporary file in the store; the size of the copy comes with it."""
    copy = store / f"{_TEMPORARY}{secrets.token_hex(8)}.tmp"
    with open_model(model) as reader:
        descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            size = 0
            with os.fdopen(descriptor, "wb") as writer:
                while block := reader.read(_BLOCK):
                    size += writer.write(block)
                writer.flush()
                os.fsync(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                copy.unlink()
            raise
    return copy, size


def _place(copy: Path, target: Path) -> None:
    """Move a checked copy under its digest; a file that is there already is replaced by its equal."""
    os.replace(copy, target)
    flush_folder(target.parent)


def _keep_report(authentic: Authentic, scores: bytes | None, folder: Path) -> None:
    """Keep report, signature and scores: the next model may be compared with them."""
    submission = authentic.submission
    place = folder / REPORTS / submission.sha256
    make_own_folder(place)
    flush_folder(place.parent)
    write_bytes(place / REPORT, submission.report, own=3)
    if submission.envelope is not None and authentic.signer is not None:
        write_bytes(place / SIGNATURE, submission.envelope, own=3)
    named = authentic.report.scores
    if scores is not None and named is not None:
        with contextlib.suppress(OSError):
            write_bytes(place / named.name, scores, own=3)


def _champion(folder: Path, before: Production) -> Submission:
    found = read_submission(folder / REPORTS / before.report_sha256 / REPORT)
    if found.sha256 != before.report_sha256:
        raise ReportError(f"{found.path} is not the report that is in production: its digest differs")
    return found


def _check_stored(folder: Path, target: Production, model_sha256: str) -> None:
    stored = folder / MODELS / f"{target.model.sha256}{Path(target.model.file).suffix}"
    if target.model.sha256 != model_sha256 or model_digest(stored) != model_sha256:
        raise ModelError(f"{stored} is damaged: expected SHA-256 {model_sha256[:12]}; nothing was switched")
    _champion(folder, target)


def _release(released: Production, folder: Path) -> None:
    """Write a release and switch to it; the last rename is the moment it takes effect."""
    value = encode(released, where="production")
    check_document("production", PRODUCTION_VERSION, value)
    place = folder / RELEASES / _number(released.release)
    place.mkdir()
    write_text(place / POINTER, dumps(value), own=3)
    suffix = Path(released.model.file).suffix
    links = {
        released.model.file: f"../../{MODELS}/{released.model.sha256}{suffix}",
        REPORT: f"../../{REPORTS}/{released.report_sha256}/{REPORT}",
    }
    for name, target in links.items():
        os.symlink(target, place / name)
    flush_folder(place)
    flush_folder(place.parent)
    if not (folder / POINTER).is_symlink():
        os.symlink(f"{CURRENT}/{POINTER}", folder / POINTER)
        flush_folder(folder)
    switch = folder / f"{_TEMPORARY}{secrets.token_hex(8)}.tmp"
    os.symlink(f"{RELEASES}/{place.name}", switch)
    os.replace(switch, folder / CURRENT)
    flush_folder(folder)


def _sweep(folder: Path, current: Production | None) -> int:
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
            if path.name.startswith(_TEMPORARY):
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
