"""What is in production: the record in ``PRODUCTION.json``."""

from dataclasses import dataclass
from typing import Literal

from schemas.records.decision import PolicyUsed

PRODUCTION_VERSION = "1.0"


@dataclass(frozen=True)
class DeployedModel:
    """The model file: its name in the release, digest and size in bytes."""

    file: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Predecessor:
    """The release that ``--rollback`` returns to, and the digest of its model."""

    release: int
    model_sha256: str


@dataclass(frozen=True)
class Production:
    """One release.

    Attributes:
        schema_version: of this record.
        release: 1 for the first; grows with every deployment and every rollback.
        action: ``deploy`` or ``rollback``.
        deployed: when, UTC, ISO 8601 with a trailing Z.
        model: what is served.
        report_sha256: digest of the report it was let through with.
        signer: id of the trusted key that signed the report; None where none was asked for.
        policy: what it was checked against when it was first deployed.
        replaced: release that was in production before; None for the first.
        predecessor: where a rollback goes; None where there is nothing before it.
        restores: for a rollback, the release whose files it serves again.
    """

    schema_version: str
    release: int
    action: Literal["deploy", "rollback"]
    deployed: str
    model: DeployedModel
    report_sha256: str
    signer: str | None
    policy: PolicyUsed
    replaced: int | None
    predecessor: Predecessor | None
    restores: int | None
