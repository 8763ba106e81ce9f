"""Policies: the thresholds a deployment must meet, read from TOML."""

from dataclasses import dataclass
from typing import Literal

Decide = Literal["point", "bound"]
Severity = Literal["error", "warn"]

CHAMPION = "champion"
"""Stands for the gate of all comparisons with the champion, as ``backward_bias`` does for its checks."""


@dataclass(frozen=True)
class PolicyCheck:
    """One threshold.

    Attributes:
        gate: one of the five gates, ``backward_bias``, or ``champion`` for a gain over the champion.
        metric: full metric name.
        splits: splits it must hold on (``("val-ood",)`` for a pair metric).
        minimum, maximum: inclusive bounds. above: exclusive lower bound. At least one is set.
        required: a check that does not pass blocks deployment by itself, however many gates pass.
        severity: ``warn`` only tells: such a check neither blocks nor counts towards its gate.
        decide: overrides the policy's; None is the policy's.
    """

    gate: str
    metric: str
    splits: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    above: float | None
    required: bool
    severity: Severity = "error"
    decide: Decide | None = None


@dataclass(frozen=True)
class ChampionRule:
    """What a model must keep or gain against the champion; all differences are absolute.

    A *gain* is the difference to the champion, counted so that positive is better (a falling
    ``bins_delta.delta`` is a gain).

    Attributes:
        metric: full name of a metric that has a better direction.
        splits: splits it must hold on.
        max_regression: the largest loss allowed, >= 0. min_gain: the smallest gain required, >= 0.
            Not both.
        max_gain: a larger gain is too good to be true; something leaked or broke.
        severity, decide: as in :class:`PolicyCheck`. An ``error`` blocks by itself.
    """

    metric: str
    splits: tuple[str, ...]
    max_regression: float | None
    min_gain: float | None
    max_gain: float | None
    severity: Severity
    decide: Decide | None

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
class Waiver:
    """Someone answers for a check that does not pass, for a while.

    It covers ``fail`` and ``inconclusive``. What was not measured, or could not be, is not covered.

    Attributes:
        gate, metric, splits: the checks it covers.
        owner: who answers for it. reason: why.
        expires: last day it counts, ``YYYY-MM-DD`` in UTC.
    """

    gate: str
    metric: str
    splits: tuple[str, ...]
    owner: str
    reason: str
    expires: str


@dataclass(frozen=True)
class DataPin:
    """The data a report must be about; None leaves a part open.

    Thresholds mean something only on the data they were set for: without a pin, a report on an
    easier bank would do. A pinned split counts with all of its windows, or with the named draw.

    Attributes:
        bank: SHA-256 of the bank.
        val, ood: SHA-256 of all windows of the split.
        train: SHA-256 of all windows of the split that the controls are fitted on.
        context, horizon: shape of a window. bin_edges: coherence edges of gate E.
        max_samples: windows that are drawn of every split; None for all. Needs a seed.
        seed: of the draw, the ablations and the controls.
    """

    bank: str | None = None
    val: str | None = None
    ood: str | None = None
    train: str | None = None
    context: int | None = None
    horizon: int | None = None
    bin_edges: tuple[float, float] | None = None
    max_samples: int | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Policy:
    """A named set of checks.

    Attributes:
        schema_version: of the policy format.
        name, description: for people.
        decide: ``point`` compares the estimate; ``bound`` needs the whole interval on the right
            side, and a threshold inside the interval is ``inconclusive``.
        min_gates_passed: of the five gates.
        min_samples, min_articles: a metric measured on fewer is an error, never a pass.
        checks: all thresholds.
        confidence: the least that intervals must have where a bound decides.
        required_gates: gates that must pass, whatever their number.
        champion: what is asked relative to the model in production.
        waivers: who answers for what does not pass.
        data: the data that must have been evaluated; None for any.
    """

    schema_version: str
    name: str
    description: str
    decide: Decide
    min_gates_passed: int
    min_samples: int
    min_articles: int
    checks: tuple[PolicyCheck, ...]
    confidence: float = 0.95
    required_gates: tuple[str, ...] = ()
    champion: tuple[ChampionRule, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    data: DataPin | None = None


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
