"""Policies: the thresholds a deployment must meet, read from TOML."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class PolicyCheck:
    """One threshold.

    Attributes:
        gate: one of the five gates, or ``backward_bias``.
        metric: full metric name.
        splits: splits it must hold on (``("val-ood",)`` for a pair metric).
        minimum, maximum: inclusive bounds. above: exclusive lower bound. At least one is set.
        required: a check that does not pass blocks deployment by itself, however many gates pass.
    """

    gate: str
    metric: str
    splits: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    above: float | None
    required: bool


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
    """

    schema_version: str
    name: str
    description: str
    decide: Literal["point", "bound"]
    min_gates_passed: int
    min_samples: int
    min_articles: int
    checks: tuple[PolicyCheck, ...]
