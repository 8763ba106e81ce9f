"""Policies: the thresholds a deployment must meet, read from TOML.

In a file, what may be None is left out, what has a default may be left out, and some keys are shorter
(:class:`schemas.records.rules.InFile`); in a report all fields are there.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from schemas.records.evidence import RIVALS
from schemas.records.inputs import Confidence, Edges
from schemas.records.metrics import DATA, GATES, GEOMETRY
from schemas.records.rules import (
    END,
    CheckedSplit,
    Count,
    InFile,
    Line,
    Positive,
    Sha256,
    rule,
    version_rule,
)

POLICY_VERSION = "1.0"

Decide = Literal["point", "bound"]
Severity = Literal["error", "warn"]

BACKWARD_BIAS = "backward_bias"
"""Name of the checks that belong to none of the five gates: the model must not point backward."""

CHAMPION = "champion"
"""Stands for the gate of all comparisons with the champion, as ``backward_bias`` does for its checks."""

_OVER = "control:"

CONTROL_GATES: tuple[str, ...] = tuple(f"{_OVER}{name}" for name in RIVALS)
"""Stand for the gates of all comparisons with one control each."""

GROUPS: tuple[str, ...] = (BACKWARD_BIAS, GEOMETRY, DATA, *CONTROL_GATES, CHAMPION)
"""What is checked like a gate but never counts among the five."""

MetricName = Line
"""``gate.name``; that there is such a metric is checked with the rest of the policy."""

CheckedGate = Annotated[str, rule(enum=[*GATES, BACKWARD_BIAS, GEOMETRY, DATA])]
AnyGate = Annotated[str, rule(enum=[*GATES, *GROUPS])]
CheckedSplits = Annotated[tuple[CheckedSplit, ...], rule(minItems=1, maxItems=4, uniqueItems=True)]

Bound = Annotated[float, rule(minimum=-1e9, maximum=1e9)]
Gain = Annotated[float, rule(minimum=0, maximum=1e9)]

_MOST = 1000


def control_of(gate: str) -> str | None:
    """The control whose gate it is, or None.

    Example:
        >>> control_of("control:ridge"), control_of("rollout")
        ('ridge', None)
    """
    return gate.removeprefix(_OVER) if gate in CONTROL_GATES else None


@dataclass(frozen=True)
class PolicyCheck:
    """One threshold: at least one of its bounds is set.

    Attributes:
        gate: one of the five gates, ``backward_bias``, ``geometry`` or ``data``.
        metric: full metric name, ``gate.name``.
        splits: splits it must hold on; ``val-ood`` for the metrics that compare the two.
        minimum: inclusive lower bound.
        maximum: inclusive upper bound.
        above: exclusive lower bound.
        required: blocks deployment by itself when it does not pass, however many gates pass.
        severity: a ``warn`` only tells: it neither blocks nor counts towards its gate.
        decide: overrides the policy's own decide for this line.
    """

    gate: CheckedGate
    metric: MetricName
    splits: CheckedSplits
    minimum: Annotated[Bound | None, InFile("min")]
    maximum: Annotated[Bound | None, InFile("max")]
    above: Bound | None
    required: bool = False
    severity: Severity = "error"
    decide: Decide | None = None


@dataclass(frozen=True)
class ChampionRule:
    """What a model must keep or gain against the champion; all differences are absolute.

    A *gain* is the difference to the champion, counted so that positive is better (a falling
    ``bins_delta.delta`` is a gain). At least one of the three bounds is set.

    Attributes:
        metric: full name of a metric that has a better direction.
        splits: splits it must hold on; ``val-ood`` for the metrics that compare the two.
        max_regression: the largest loss allowed; not together with ``min_gain``.
        min_gain: the smallest gain required.
        max_gain: a larger gain is too good to be true: something leaked or broke. It does not pass.
        severity: an ``error`` blocks by itself, a ``warn`` only tells.
        decide: overrides the policy's own decide for this line.
    """

    metric: MetricName
    splits: CheckedSplits
    max_regression: Gain | None
    min_gain: Gain | None
    max_gain: Gain | None
    severity: Severity = "error"
    decide: Decide | None = None

    def as_check(self) -> PolicyCheck:
        """The same as bounds on the gain."""
        lowest = self.min_gain if self.max_regression is None else -self.max_regression
        return PolicyCheck(
            gate=CHAMPION,
            metric=self.metric,
            splits=self.splits,
            minimum=lowest,
            maximum=self.max_gain,
            above=None,
            required=self.severity == "error",
            severity=self.severity,
            decide=self.decide,
        )


@dataclass(frozen=True)
class ControlRule:
    """What a model must gain over a control on the very same samples, paired sample by sample.

    A model that equals the control gains nothing and never passes. At least one of the two bounds is set.

    Attributes:
        name: the control; any but the oracle.
        metric: full name of one of the metrics whose gains a report holds.
        splits: splits it must hold on.
        above: what the gain must exceed: its estimate, or its whole interval under ``decide = "bound"``.
        min_gain: the least estimate of the gain, whatever ``decide`` says.
        decide: overrides the policy's own decide for this line.
        severity: a ``warn`` only tells.
        required: blocks deployment by itself when it does not pass.
    """

    name: Line
    metric: MetricName
    splits: CheckedSplits
    above: Gain | None
    min_gain: Gain | None
    decide: Decide | None = None
    severity: Severity = "error"
    required: bool = False

    def as_check(self) -> PolicyCheck:
        """The same as bounds on the gain."""
        return PolicyCheck(
            gate=f"{_OVER}{self.name}",
            metric=self.metric,
            splits=self.splits,
            minimum=self.min_gain,
            maximum=None,
            above=self.above,
            required=self.required,
            severity=self.severity,
            decide="point" if self.above is None else self.decide,
        )


@dataclass(frozen=True)
class Waiver:
    """Someone answers for a check that does not pass, for a while.

    It covers ``fail`` and ``inconclusive``. What was not measured, or could not be, is not covered.

    Attributes:
        gate: gate of the checks it covers, ``backward_bias``, ``geometry``, ``data``, ``champion``, or
            ``control:NAME`` for the gains over one control.
        metric: full metric name, ``gate.name``.
        splits: splits of the checks it covers.
        owner: who answers for it.
        reason: why it is waived.
        expires: last day it counts, YYYY-MM-DD in UTC; in a file a TOML date or text.
    """

    gate: AnyGate
    metric: MetricName
    splits: CheckedSplits
    owner: Annotated[Line, rule(minLength=1, maxLength=200)]
    reason: Annotated[Line, rule(minLength=1, maxLength=500)]
    expires: Annotated[str, rule(pattern=f"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{END}")]


@dataclass(frozen=True)
class DataPin:
    """The data that must have been evaluated; what is left out is open.

    Thresholds mean something only on the data they were set for: without a pin, a report on an
    easier bank would do. A pinned split counts with all of its windows, or with the named draw.

    Attributes:
        bank: SHA-256 of the bank, as reports name it (inputs.bank.sha256).
        val: SHA-256 of all windows of val (inputs.splits.val.sha256); all of them must have been measured,
            unless max_samples says how many.
        ood: SHA-256 of all windows of ood, likewise.
        train: SHA-256 of all windows of the split that the controls are fitted on (inputs.train_sha256).
        context: chunks a model reads (settings.context).
        horizon: places from the last chunk to the target (settings.horizon).
        bin_edges: coherence edges of gate E (settings.bin_edges).
        max_samples: windows that are drawn of every split, with the seed (settings.max_samples).
        max_per_article: windows that are drawn of every article, with the seed (settings.max_per_article).
        seed: of the draw, the ablations and the controls (settings.seed).
    """

    bank: Sha256 | None = None
    val: Sha256 | None = None
    ood: Sha256 | None = None
    train: Sha256 | None = None
    context: Positive | None = None
    horizon: Positive | None = None
    bin_edges: Edges | None = None
    max_samples: Positive | None = None
    max_per_article: Positive | None = None
    seed: Count | None = None


@dataclass(frozen=True)
class Policy:
    """The thresholds a deployment must meet.

    Attributes:
        schema_version: version of this format. A reader refuses an unknown major version.
        name: name of the policy.
        description: what it asks, for people.
        decide: ``point`` compares the estimate; ``bound`` needs the whole interval on the right
            side, and a threshold inside the interval is ``inconclusive``.
        min_gates_passed: how many of the five gates must pass. Checks under ``backward_bias``,
            ``geometry`` and ``data``, and gains over controls, belong to no gate.
        min_samples: a metric measured on fewer samples is an error, never a pass.
        min_articles: a metric measured on fewer articles is an error, never a pass.
        checks: all thresholds.
        confidence: the least confidence intervals must have where a bound decides.
        required_gates: gates that must pass, whatever their number.
        champion: what is asked relative to the model in production. Gains are absolute differences,
            positive when better.
        controls: what is asked relative to controls, measured on the same samples.
        waivers: checks that may fail until a day, and who answers for them.
        data: the data that must have been evaluated; any where it is left open.
        max_per_article: windows that are drawn of each article at most, with the evaluation's seed: one very
            long article would decide everything. A report drawn otherwise does not count.
    """

    schema_version: Annotated[str, version_rule(POLICY_VERSION)]
    name: Annotated[Line, rule(minLength=1)]
    description: Line
    decide: Decide
    min_gates_passed: Annotated[int, rule(minimum=0, maximum=len(GATES))]
    min_samples: Positive
    min_articles: Positive
    checks: Annotated[tuple[PolicyCheck, ...], InFile("check"), rule(minItems=1, maxItems=_MOST)]
    confidence: Confidence = 0.95
    required_gates: Annotated[
        tuple[Annotated[str, rule(enum=GATES)], ...], rule(maxItems=len(GATES), uniqueItems=True)
    ] = ()
    champion: Annotated[tuple[ChampionRule, ...], rule(maxItems=_MOST)] = ()
    controls: Annotated[tuple[ControlRule, ...], InFile("control"), rule(maxItems=_MOST)] = ()
    waivers: Annotated[tuple[Waiver, ...], InFile("waiver"), rule(maxItems=_MOST)] = ()
    data: Annotated[DataPin, rule(minProperties=1)] | None = None
    max_per_article: Positive | None = None


@dataclass(frozen=True)
class LoadedPolicy:
    """A policy and where it came from.

    Attributes:
        policy: the thresholds.
        sha256: hex digest of the TOML file's bytes.
        source: ``built-in``, or the file's name without its folders.
    """

    policy: Policy
    sha256: str
    source: str
