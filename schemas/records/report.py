"""The evaluation report: one frozen record that every output is written from.

The *evidence* (metrics of the model and of the controls, inputs, settings, policy) is what a
report states. Everything else (checks, gate statuses, findings, verdict) is derived from it by
:func:`schemas.verdict.judge.judge`, when the report is made and again whenever one is read.
"""

from dataclasses import dataclass
from typing import Annotated

from schemas.records.evidence import Evidence
from schemas.records.inputs import Environment, Inputs, Settings, Setup
from schemas.records.judgement import Judgement
from schemas.records.policy import Policy
from schemas.records.rules import Line, Moment, Sha256, version_rule

SCHEMA_VERSION = "2.0"

CHECKSUM = "content_sha256"
"""Key of a report file that is no part of the record: a digest of everything else but the judgement, as
canonical JSON. It tells of damage and of edits by hand; it is no signature."""


@dataclass(frozen=True)
class ScoresFile:
    """The companion ``.npz`` file with per-sample scores, beside the report.

    Attributes:
        name: file name without folders.
        sha256: digest of the file.
    """

    name: Line
    sha256: Sha256


@dataclass(frozen=True)
class Report:
    """One evaluation of a next-embedding model.

    The evidence is what was measured; the judgement is derived from evidence and policy, and a reader
    derives it again.

    Attributes:
        schema_version: version of this format. A reader refuses an unknown major version.
        created: when the report was made: UTC, ISO 8601 with a trailing Z.
        inputs: everything the numbers depend on, bound by digest.
        settings: how it was measured.
        environment: versions and machine facts that can move the last digits.
        policy: the policy that was applied, with all its keys; bounds that are open are None.
        evidence: all that was measured.
        judgement: checks, gates and verdict, derived from evidence and policy.
        scores: the companion .npz file with per-sample scores; None when there is none.
    """

    schema_version: Annotated[str, version_rule(SCHEMA_VERSION)]
    created: Moment
    inputs: Inputs
    settings: Settings
    environment: Environment
    policy: Policy
    evidence: Evidence
    judgement: Judgement
    scores: ScoresFile | None

    @property
    def setup(self) -> Setup:
        """What was measured and how."""
        return Setup(self.inputs, self.settings)
