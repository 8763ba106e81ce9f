"""What a deployment asks of the place it goes to. A deployment folder and MLflow's registry offer it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from gatekeeper.deployment.submission import Submission
from schemas.records.decision import Decision, PolicyUsed
from schemas.records.production import DeployedModel

Kind = Literal["release", "version"]
"""What a target calls one of its releases."""


@dataclass(frozen=True)
class ReleasedModel:
    """The model of a release: its file there, and its digest."""

    file: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Release:
    """What is or was in production, wherever it is kept.

    Attributes:
        release: its number; later ones have higher numbers.
        deployed: when, UTC, ISO 8601 with a trailing Z.
        model: what is served.
        report_sha256: digest of the report it was let through with.
        signer: id of the trusted key that signed the report; None where none was asked for.
        policy: what it was checked against when it was first deployed; its source is empty where the
            target does not keep it.
        predecessor: the release that a rollback goes to; None where there is nothing before it.
        restores: for a rollback, the release whose files it serves again; its own number where the target
            makes no new release of a rollback.
        left: when it was replaced last, and by what, where the target keeps that.
    """

    release: int
    deployed: str
    model: ReleasedModel
    report_sha256: str
    signer: str | None
    policy: PolicyUsed
    predecessor: int | None
    restores: int | None = None
    left: str | None = None


@dataclass(frozen=True)
class Cleared:
    """A model that was let through, and what is kept of it.

    Attributes:
        copy: the very bytes that were checked, in the folder that the target named; to be moved from there.
        model: what they are called in the release, their digest and size.
        files: name -> content of report, signature and scores; the next model may be compared with them.
        decision: on whose word, and when.
    """

    copy: Path
    model: DeployedModel
    files: Mapping[str, bytes]
    decision: Decision


class Turn(Protocol):
    """One deployment at a target: it sees what is in production, and nothing changes before it switches."""

    @property
    def place(self) -> Path:
        """The folder that the copy of the model goes to."""

    @property
    def first(self) -> bool:
        """Whether nothing is in production yet."""

    def current(self) -> Release:
        """What is in production.

        Raises:
            ReportError: its record is damaged, or none of ours.
        """

    def report(self, release: Release) -> Submission:
        """The report that a release was let through with, its scores beside it for as long as the turn lasts.

        Raises:
            ReportError: it is missing, or not that report.
        """

    def store(self, cleared: Cleared) -> Release:
        """Keep everything that a release needs, flushed or verified; what is served stays as it was.

        Raises:
            ModelError: what was stored is not what was checked.
            OutputError: it cannot be written.
        """

    def switch(self, release: Release) -> None:
        """Serve a stored release from now on; the last operation is the moment it takes effect.

        Raises:
            UsageError: another deployment switched meanwhile.
            OutputError: it cannot be written.
        """


class Target(Protocol):
    """Where releases go. ``str()`` of it is how people name it."""

    @property
    def kind(self) -> Kind:
        """What one of its releases is called."""

    def address(self, release: Release) -> str:
        """Where a model in production is read from."""

    def own_files(self) -> tuple[Path, ...]:
        """Files of the user's disk that a deployment replaces; none of them may be read by it."""

    def turn(self) -> AbstractContextManager[Turn]:
        """Begin a deployment. What fails within it is an error of ours.

        Raises:
            UsageError: another one is at work, or the target is not set up.
            ReportError: what is in production cannot be told.
            OutputError: the target cannot be reached or written to.
        """

    def roll_back(self, moment: str) -> Release:
        """Serve the predecessor again, after its model and report were verified.

        Args:
            moment: when, as in :class:`Release`.

        Raises:
            UsageError: there is none, or a deployment is at work.
            ReportError, ModelError: what would be restored is damaged.
            OutputError: the target cannot be reached or written to.
        """

    def history(self) -> tuple[Release, ...]:
        """All releases that were in production, newest first; reading changes nothing.

        Raises:
            UsageError: it is no such target.
            ReportError: a record is missing or damaged.
            OutputError: it cannot be reached.
        """
