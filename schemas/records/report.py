"""The evaluation report: one frozen record that every output is written from.

The *evidence* (metrics of the model and of the controls, inputs, settings, policy) is what a
report states. Everything else (checks, gate statuses, findings, verdict) is derived from it by
:func:`schemas.verdict.judge.judge`, when the report is made and again whenever one is read.
"""

from dataclasses import dataclass

from schemas.records.evidence import Evidence
from schemas.records.inputs import Environment, Inputs, Settings, Setup
from schemas.records.judgement import Judgement
from schemas.records.policy import Policy

SCHEMA_VERSION = "2.0"


@dataclass(frozen=True)
class ScoresFile:
    """The companion ``.npz`` with per-sample scores, beside the report."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Report:
    """A whole evaluation.

    ``created`` is UTC, ISO 8601 with a trailing Z. ``policy`` is the policy that was applied,
    embedded so that a reader can re-derive ``judgement`` from ``evidence``.
    """

    schema_version: str
    created: str
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
