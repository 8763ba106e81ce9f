"""What follows from evidence and policy: checks, gates and verdict."""

from dataclasses import dataclass
from typing import Annotated, Literal

from schemas.records.evidence import TRIVIAL
from schemas.records.metrics import GATES
from schemas.records.policy import GROUPS, AnyGate, Bound, Decide, MetricName, Severity
from schemas.records.rules import CheckedSplit, Line, Lines, rule

Status = Literal["pass", "waived", "fail", "inconclusive", "skipped", "error"]
Outcome = Literal["deployable", "blocked", "error"]


@dataclass(frozen=True)
class Check:
    """One policy line on one split.

    Attributes:
        gate: one of the five gates, or one of the groups that are none: ``backward_bias``, ``geometry``,
            ``data``, ``control:NAME`` and ``champion``.
        metric: full metric name, ``gate.name``.
        split: where it was compared.
        value: the estimate, None when undefined; of a champion or control check, the gain.
        low: lower end of its interval, None when undefined.
        high: upper end of its interval, None when undefined.
        minimum: inclusive lower bound, None where open.
        maximum: inclusive upper bound, None where open.
        above: exclusive lower bound, None where open.
        required: blocks deployment by itself when it does not pass.
        severity: a ``warn`` only tells: it neither blocks nor counts towards its gate.
        decide: whether the estimate or its whole interval was compared.
        status: what came of it; ``waived`` is a failure that someone answers for.
        sentence: the reason in one sentence, for people.
    """

    gate: AnyGate
    metric: MetricName
    split: CheckedSplit
    value: float | None
    low: float | None
    high: float | None
    minimum: Bound | None
    maximum: Bound | None
    above: Bound | None
    required: bool
    severity: Severity
    decide: Decide
    status: Status
    sentence: Line


@dataclass(frozen=True)
class GateResult:
    """A gate's status.

    Attributes:
        name: the gate.
        status: ``pass`` when it has checks and all pass, else the worst of theirs.
        vacuous_for: trivial controls that pass it too; then passing it proves nothing here.
    """

    name: AnyGate
    status: Status
    vacuous_for: Annotated[
        tuple[Annotated[str, rule(enum=TRIVIAL)], ...], rule(maxItems=len(TRIVIAL), uniqueItems=True)
    ]


@dataclass(frozen=True)
class Verdict:
    """The decision.

    Attributes:
        outcome: ``error`` when this data cannot decide.
        gates_passed: how many of the five gates passed.
        escaped: the model points away from everything, or is no better than chance.
        reasons: why the model is not deployable, a sentence each; empty when it is.
        warnings: checks of severity ``warn`` that do not pass.
        waivers: every waiver of the policy: what it covers, who answers for it, until when.
        remarks: what a reader should know besides (vacuous gates, not beating ridge).
    """

    outcome: Outcome
    gates_passed: Annotated[int, rule(minimum=0, maximum=len(GATES))]
    escaped: bool
    reasons: Lines
    warnings: Lines
    waivers: Lines
    remarks: Lines

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
    """What the model does.

    Attributes:
        name: the most telling finding; ``sound`` only where the model is deployable.
        sentence: the same in one sentence, for people.
    """

    name: DiagnosisName
    sentence: Line


@dataclass(frozen=True)
class Judgement:
    """Everything derived from evidence and policy.

    Attributes:
        checks: one policy line on one split each, in the policy's order.
        gates: the five gates in order, then the groups that have checks.
        verdict: the decision.
        diagnosis: what the model does instead of predicting, or that it is sound.
    """

    checks: Annotated[tuple[Check, ...], rule(maxItems=8000)]
    gates: Annotated[tuple[GateResult, ...], rule(maxItems=len(GATES) + len(GROUPS))]
    verdict: Verdict
    diagnosis: Diagnosis
