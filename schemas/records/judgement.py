"""What follows from evidence and policy: checks, gates and verdict."""

from dataclasses import dataclass
from typing import Literal

from schemas.records.policy import Decide, Severity

Status = Literal["pass", "waived", "fail", "inconclusive", "skipped", "error"]
Outcome = Literal["deployable", "blocked", "error"]


@dataclass(frozen=True)
class Check:
    """One policy line on one split.

    Attributes:
        gate: gate it belongs to, ``backward_bias`` or ``champion``.
        metric, split: what was compared.
        value, low, high: the estimate and its interval, None where undefined. Of a champion check,
            the gain over the champion.
        minimum, maximum: inclusive bounds, None where open.
        above: exclusive lower bound, None where open.
        required: alone enough to block deployment when it does not pass.
        severity: a ``warn`` neither blocks nor counts towards its gate.
        decide: whether the estimate or its whole interval was compared.
        status: pass, waived (someone answers for it), fail, inconclusive, skipped or error.
        sentence: the reason in one sentence, for people.
    """

    gate: str
    metric: str
    split: str
    value: float | None
    low: float | None
    high: float | None
    minimum: float | None
    maximum: float | None
    above: float | None
    required: bool
    severity: Severity
    decide: Decide
    status: Status
    sentence: str


@dataclass(frozen=True)
class GateResult:
    """A gate's status and the trivial controls that also pass it (then it is vacuous here)."""

    name: str
    status: Status
    vacuous_for: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """The decision.

    Attributes:
        outcome: ``deployable``, ``blocked`` or ``error``.
        gates_passed: how many of the five passed.
        escaped: the model points away from everything (or is no better than chance).
        reasons: why it is not deployable, one sentence each; empty when it is.
        warnings: checks of severity ``warn`` that do not pass.
        waivers: every waiver of the policy: what it covers, who answers for it, and until when.
        remarks: what a reader should know besides (vacuous gates, not beating ridge).
    """

    outcome: Outcome
    gates_passed: int
    escaped: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    waivers: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def deployable(self) -> bool:
        """Whether the model may be deployed."""
        return self.outcome == "deployable"


DiagnosisName = Literal[
    "undecided",
    "collapsed",
    "points_away",
    "copies",
    "chance",
    "looks_back",
    "misplaced",
    "less_than_copying",
    "no_transfer",
    "ignores_context",
    "ignores_order",
    "beaten_by_ridge",
    "falls_short",
    "sound",
]


@dataclass(frozen=True)
class Diagnosis:
    """What the model does, by name and in one sentence for people."""

    name: DiagnosisName
    sentence: str


@dataclass(frozen=True)
class Judgement:
    """Everything derived from evidence and policy."""

    checks: tuple[Check, ...]
    gates: tuple[GateResult, ...]
    verdict: Verdict
    diagnosis: Diagnosis
