"""A deployment folder as a target: releases that never change, and one pointer that switches between them.

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
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

from gatekeeper.deployment import releases
from gatekeeper.deployment.kept import REPORT, SIGNATURE
from gatekeeper.deployment.model_file import model_digest
from gatekeeper.deployment.own_names import (
    CURRENT,
    MODELS,
    REPORTS,
    keep_reserve,
    make_own_folders,
    own_files,
    refuse_planted,
    reserve_freed,
)
from gatekeeper.deployment.submission import Submission, read_submission
from gatekeeper.deployment.target import Cleared, Release, ReleasedModel
from schemas.disk.atomic import flush_folder, write_bytes
from schemas.disk.lock import locked
from schemas.disk.owned import make_own_folder
from schemas.errors import ModelError, OutputError, ReportError, UsageError
from schemas.records.production import PRODUCTION_VERSION, Predecessor, Production


@dataclass(frozen=True)
class DeploymentFolder:
    """A folder that releases go to, made by the first: a :class:`gatekeeper.deployment.target.Target`."""

    path: Path

    kind: ClassVar[Literal["release"]] = "release"

    def __str__(self) -> str:
        return str(self.path)

    def address(self, release: Release) -> str:
        """The model file below ``current``."""
        return str(self.path / CURRENT / release.model.file)

    def own_files(self) -> tuple[Path, ...]:
        """What a deployment replaces in the folder itself."""
        return own_files(self.path)

    @contextlib.contextmanager
    def turn(self) -> Iterator["FolderTurn"]:
        """Keep others out of the folder, and sweep it."""
        _make(self.path)
        with _at_work(self.path):
            before = releases.production(self.path)
            number = releases.sweep(self.path, before)
            keep_reserve(self.path)
            yield FolderTurn(self.path, before, number)

    def roll_back(self, moment: str) -> Release:
        """Make a release of the predecessor's files, and serve it."""
        folder = self.path
        if not os.path.isdir(folder):
            raise UsageError(f"{folder} is no deployment folder; nothing can be rolled back")
        with _at_work(folder):
            before = releases.production(folder)
            if before is None or before.predecessor is None:
                which = (
                    "nothing is deployed"
                    if before is None
                    else f"release {before.release} has no predecessor"
                )
                raise UsageError(f"{folder}: {which}, so there is nothing to roll back to")
            number = releases.sweep(folder, before)
            restored = releases.read_release(folder, before.predecessor.release)
            _check_stored(folder, restored, before.predecessor.model_sha256)
            record = replace(
                restored,
                release=number,
                action="rollback",
                deployed=moment,
                replaced=before.release,
                restores=restored.restores or restored.release,
            )
            with reserve_freed(folder):
                releases.write_release(folder, record)
                releases.serve(folder, number)
            return _released(record)

    def history(self) -> tuple[Release, ...]:
        """All releases that were in production, newest first."""
        return tuple(map(_released, releases.history(self.path)))


@dataclass(frozen=True)
class FolderTurn:
    """One deployment in the folder, a :class:`gatekeeper.deployment.target.Turn`.

    Attributes:
        folder: it is locked. before: what is in production. number: of the next release.
    """

    folder: Path
    before: Production | None
    number: int

    @property
    def place(self) -> Path:
        """Among the models, so that the copy need only be renamed."""
        return self.folder / MODELS

    @property
    def first(self) -> bool:
        """Whether nothing is in production yet."""
        return self.before is None

    def current(self) -> Release:
        """What is in production."""
        if self.before is None:
            raise ReportError(f"nothing is deployed in {self.folder}")
        return _released(self.before)

    def report(self, release: Release) -> Submission:
        """The report that is kept under its digest."""
        return _stored_report(self.folder, release.report_sha256)

    def store(self, cleared: Cleared) -> Release:
        """Keep model, report and record, flushed."""
        _place(cleared.copy, self.folder / MODELS / releases.model_name(cleared.model))
        _keep_report(self.folder, cleared)
        before, decision = self.before, cleared.decision
        record = Production(
            schema_version=PRODUCTION_VERSION,
            release=self.number,
            action="deploy",
            deployed=decision.decided,
            model=cleared.model,
            report_sha256=decision.report_sha256,
            signer=decision.signer,
            policy=decision.policy,
            replaced=None if before is None else before.release,
            predecessor=None if before is None else Predecessor(before.release, before.model.sha256),
            restores=None,
        )
        releases.write_release(self.folder, record)
        return _released(record)

    def switch(self, release: Release) -> None:
        """Point ``current`` at a stored release."""
        releases.serve(self.folder, release.release)


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


def _place(copy: Path, target: Path) -> None:
    """Move a checked copy under its digest; a file that is there already is replaced by its equal."""
    os.replace(copy, target)
    flush_folder(target.parent)


def _keep_report(folder: Path, cleared: Cleared) -> None:
    """Keep report, scores, and the signature that was verified: nobody looked at any other."""
    place = folder / REPORTS / cleared.decision.report_sha256
    make_own_folder(place)
    flush_folder(place.parent)
    for name, data in cleared.files.items():
        if name != SIGNATURE or cleared.decision.signer is not None:
            write_bytes(place / name, data, own=3)


def _stored_report(folder: Path, sha256: str) -> Submission:
    found = read_submission(folder / REPORTS / sha256 / REPORT)
    if found.sha256 != sha256:
        raise ReportError(f"{found.path} is not the report that is in production: its digest differs")
    return found


def _check_stored(folder: Path, record: Production, model_sha256: str) -> None:
    stored = folder / MODELS / releases.model_name(record.model)
    if record.model.sha256 != model_sha256 or model_digest(stored) != model_sha256:
        raise ModelError(f"{stored} is damaged: expected SHA-256 {model_sha256[:12]}; nothing was switched")
    _stored_report(folder, record.report_sha256)


def _released(record: Production) -> Release:
    """What a record says, in the words of every target."""
    return Release(
        release=record.release,
        deployed=record.deployed,
        model=ReleasedModel(record.model.file, record.model.sha256),
        report_sha256=record.report_sha256,
        signer=record.signer,
        policy=record.policy,
        predecessor=None if record.predecessor is None else record.predecessor.release,
        restores=record.restores,
    )
