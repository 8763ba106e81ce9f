"""Policies of single lines, and what one of them says of one metric."""

import dataclasses

from schemas.records.evidence import Metric
from schemas.records.judgement import Status
from schemas.records.policy import Policy, PolicyCheck
from schemas.verdict.checks import run_checks

MARGIN = "offset_sweep.margin"


def line(
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    *,
    metric: str = MARGIN,
    splits: tuple[str, ...] = ("ood",),
) -> PolicyCheck:
    gate = metric.partition(".")[0]
    return PolicyCheck(gate, metric, splits, low, high, above, required=False)


def policy(*lines: PolicyCheck, decide_by: str = "point") -> Policy:
    base = Policy("1.0", "p", "", "point", 1, 100, 5, lines)
    return dataclasses.replace(base, decide=decide_by)  # type: ignore[arg-type]


def only(rows: PolicyCheck, metric: Metric, decide_by: str = "point") -> tuple[Status, str]:
    (check,) = run_checks({"ood": {rows.metric: metric}}, policy(rows, decide_by=decide_by))
    return check.status, check.sentence
