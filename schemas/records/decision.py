"""What ``gatekeeper check`` decided, and on what: the record its JSON output follows."""

from dataclasses import dataclass
from typing import Annotated

from schemas.records.judgement import Judgement
from schemas.records.rules import Line, Moment, Sha256, rule, version_rule

DECISION_VERSION = "1.1"


@dataclass(frozen=True)
class PolicyUsed:
    """The verifier's policy.

    Attributes:
        name: its name.
        sha256: digest of its file.
        source: ``built-in``, or the file's name without folders.
    """

    name: Line
    sha256: Sha256
    source: Line


@dataclass(frozen=True)
class ChampionUsed:
    """What the model was compared with.

    Attributes:
        report_sha256: digest of the champion's report.
        model_sha256: digest of the champion's model; None for a control.
    """

    report_sha256: Sha256
    model_sha256: Sha256 | None


@dataclass(frozen=True)
class Decision:
    """What ``gatekeeper check`` decided about a report, and on what.

    Attributes:
        schema_version: version of this format. A reader refuses an unknown major version.
        decided: when: UTC, ISO 8601 with a trailing Z.
        report_sha256: digest of the report file.
        report_created: when the report says it was made.
        model_sha256: digest computed from the model file; None where no file was given.
        signer: id of the trusted key that signed the report; None where no key was asked for.
        policy: the verifier's policy.
        champion: what the model was compared with; None if nothing.
        files_verified: whether the files that decided were those that were installed, by the digests that the
            installer wrote down; a checkout has none.
        notes: what was not verified, and how to have it verified.
        judgement: checks, gates and verdict, derived from the report's metrics under the verifier's policy.
    """

    schema_version: Annotated[str, version_rule(DECISION_VERSION)]
    decided: Moment
    report_sha256: Sha256
    report_created: Moment
    model_sha256: Sha256 | None
    signer: Sha256 | None
    policy: PolicyUsed
    champion: ChampionUsed | None
    files_verified: bool
    notes: Annotated[tuple[Line, ...], rule(maxItems=100)]
    judgement: Judgement

    @property
    def deployable(self) -> bool:
        """Whether the model is let through."""
        return self.judgement.verdict.deployable

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not, one sentence each."""
        return self.judgement.verdict.reasons
