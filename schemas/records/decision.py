"""What ``gatekeeper check`` decided, and on what: the record its JSON output follows."""

from dataclasses import dataclass

from schemas.records.judgement import Judgement

DECISION_VERSION = "1.1"


@dataclass(frozen=True)
class PolicyUsed:
    """The verifier's policy: its name, the digest of its file, and ``built-in`` or the file's name."""

    name: str
    sha256: str
    source: str


@dataclass(frozen=True)
class ChampionUsed:
    """The champion's report by its digest, and the digest of the model it is about."""

    report_sha256: str
    model_sha256: str | None


@dataclass(frozen=True)
class Decision:
    """A verifier's own judgement of a report.

    Attributes:
        schema_version: of this record.
        decided: when, UTC, ISO 8601 with a trailing Z.
        report_sha256: digest of the report file.
        report_created: when the report says it was made.
        model_sha256: digest computed from the model file; None where no file was given.
        signer: id of the trusted key that signed the report; None where no key was asked for.
        policy: what was asked.
        champion: what the model was compared with; None if nothing.
        files_verified: whether the files that decided were those that were installed, by the digests that the
            installer wrote down; a checkout has none.
        notes: what was not verified, and how to have it verified.
        judgement: checks, gates and verdict, derived from the report's metrics under ``policy``.
    """

    schema_version: str
    decided: str
    report_sha256: str
    report_created: str
    model_sha256: str | None
    signer: str | None
    policy: PolicyUsed
    champion: ChampionUsed | None
    files_verified: bool
    notes: tuple[str, ...]
    judgement: Judgement

    @property
    def deployable(self) -> bool:
        """Whether the model is let through."""
        return self.judgement.verdict.deployable

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not, one sentence each."""
        return self.judgement.verdict.reasons
