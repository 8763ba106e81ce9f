"""What is in production: the record in ``PRODUCTION.json``."""

from dataclasses import dataclass
from typing import Annotated, Literal

from schemas.records.decision import PolicyUsed
from schemas.records.rules import END, Count, Line, Moment, Positive, Sha256, rule, version_rule

PRODUCTION_VERSION = "1.0"


@dataclass(frozen=True)
class DeployedModel:
    """What is served.

    Attributes:
        file: name in the release.
        sha256: digest of the model file.
        bytes: its size.
    """

    file: Annotated[Line, rule(pattern=f"^[A-Za-z0-9][A-Za-z0-9._-]{{0,99}}{END}")]
    sha256: Sha256
    bytes: Count


@dataclass(frozen=True)
class Predecessor:
    """The release that ``--rollback`` returns to.

    Attributes:
        release: its number.
        model_sha256: digest of its model.
    """

    release: Positive
    model_sha256: Sha256


@dataclass(frozen=True)
class Production:
    """One release: what is in production since when, on whose word, and what was there before.

    Attributes:
        schema_version: version of this format. A reader refuses an unknown major version.
        release: 1 for the first; grows with every deployment and every rollback.
        action: how it came into production.
        deployed: when: UTC, ISO 8601 with a trailing Z.
        model: what is served.
        report_sha256: digest of the report it was let through with.
        signer: id of the trusted key that signed the report; None where none was asked for.
        policy: what it was checked against when it was first deployed.
        replaced: release that was in production before; None for the first.
        predecessor: where a rollback goes; None where there is nothing before it.
        restores: for a rollback, the release whose files it serves again; else None.
    """

    schema_version: Annotated[str, version_rule(PRODUCTION_VERSION)]
    release: Positive
    action: Literal["deploy", "rollback"]
    deployed: Moment
    model: DeployedModel
    report_sha256: Sha256
    signer: Sha256 | None
    policy: PolicyUsed
    replaced: Positive | None
    predecessor: Predecessor | None
    restores: Positive | None
