"""Metrics against a policy: one :class:`~schemas.records.judgement.Check` per policy line and split."""

import math
from collections.abc import Iterable, Iterator

from schemas.records.answers import ROUNDING
from schemas.records.evidence import Gains, Metric, Metrics
from schemas.records.judgement import Check, Status
from schemas.records.metrics import METRICS
from schemas.records.policy import Policy, PolicyCheck, control_of
from schemas.records.splits import EVALUATED, PAIR, SPLITS
from schemas.verdict.wording import compared, near_zero, place, subject

LEAST_ARTICLES = 12
"""An interval decides only where it rests on at least so many articles ..."""

LEAST_EFFECTIVE = 8
"""... that weigh at least as so many equal ones: with fewer it covers less than it claims."""

PASSING: tuple[Status, ...] = ("pass", "waived")
"""Statuses that let a check or a gate through."""

_WORST_FIRST: tuple[Status, ...] = ("error", "fail", "inconclusive", "skipped", "waived")


def run_checks(metrics: Metrics, policy: Policy, *, rounding: float = ROUNDING) -> tuple[Check, ...]:
    """Check every line of ``policy`` on every split it names, in the policy's order.

    Args:
        metrics: of one predictor.
        policy: whose lines.
        rounding: what a comparison of cosines with zero allows,
            from :func:`schemas.records.answers.allowance`.
    """
    return _run(policy.checks, metrics, policy, rounding)


def run_champion_checks(gains: Metrics, policy: Policy, *, rounding: float = ROUNDING) -> tuple[Check, ...]:
    """Check every champion rule of ``policy`` on the gains over the champion."""
    return _run(tuple(rule.as_check() for rule in policy.champion), gains, policy, rounding)


def run_control_checks(gains: Gains, policy: Policy, *, rounding: float = ROUNDING) -> tuple[Check, ...]:
    """Check every control rule of ``policy`` on the gains over its control."""
    return tuple(
        check
        for rule in policy.controls
        for check in _run((rule.as_check(),), gains.get(rule.name, {}), policy, rounding)
    )


def binding(checks: tuple[Check, ...], gate: str) -> tuple[Check, ...]:
    """The checks that decide about ``gate``: a warning never does."""
    return tuple(check for check in checks if check.gate == gate and check.severity == "error")


def measured_splits(metrics: Metrics) -> tuple[str, ...]:
    """The splits that were measured, train, val and ood first; pairs of splits are left out.

    The order does not depend on the mapping's, so that a verdict does not either.
    """
    known = [name for name in SPLITS if name in metrics]
    return (*known, *sorted(metrics.keys() - {*SPLITS, PAIR}))


def gate_status(gate: str, checks: tuple[Check, ...]) -> Status:
    """``pass`` if the gate has checks and all pass, else its worst status; ``skipped`` without checks.

    The order is error, fail, inconclusive, skipped, waived.
    """
    return worst_status(binding(checks, gate))


def worst_status(checks: Iterable[Check]) -> Status:
    """The worst of some checks; ``skipped`` where there is none."""
    found = {check.status for check in checks}
    return next((status for status in _WORST_FIRST if status in found), "pass" if found else "skipped")


def decide(
    line: PolicyCheck, low: float, high: float, *, value: float | None = None, rounding: float = 0.0
) -> Status:
    """Compare the span from ``low`` to ``high`` (a point when they are equal) with the bounds.

    ``pass`` when all of it satisfies them, ``fail`` when it lies wholly beyond one of them,
    otherwise ``inconclusive``. NaN satisfies nothing, so it never passes. Where a mean of cosines is
    compared with zero, what must exceed it must exceed it by more than ``rounding``, and what must not
    exceed it may do so by as much.

    Args:
        line: the bounds.
        low: lower end of the span.
        high: upper end of the span.
        value: the estimate, where the lower bound asks for it and not for the span.
        rounding: what a comparison with zero allows.
    """
    most, over = line.maximum, line.above
    least, best = (low, high) if value is None else (value, value)
    if near_zero(line):
        most = rounding if most == 0.0 else most
        over = rounding if over == 0.0 else over
    if (
        (line.minimum is None or least >= line.minimum)
        and (most is None or high <= most)
        and (over is None or low > over)
        and low <= high
    ):
        return "pass"
    beyond = (
        (line.minimum is not None and best < line.minimum)
        or (most is not None and low > most)
        or (over is not None and high <= over)
    )
    return "fail" if beyond else "inconclusive"


def _run(
    lines: tuple[PolicyCheck, ...], metrics: Metrics, policy: Policy, rounding: float
) -> tuple[Check, ...]:
    return tuple(_check(line, split, metrics, policy, rounding) for line in lines for split in line.splits)


def _check(line: PolicyCheck, split: str, metrics: Metrics, policy: Policy, rounding: float) -> Check:
    metric = metrics.get(split, {}).get(line.metric)
    status, sentence = _outcome(line, split, metrics, policy, rounding)
    return Check(
        gate=line.gate,
        metric=line.metric,
        split=split,
        value=None if metric is None else metric.value,
        low=None if metric is None else metric.low,
        high=None if metric is None else metric.high,
        minimum=line.minimum,
        maximum=line.maximum,
        above=line.above,
        required=line.required,
        severity=line.severity,
        decide=line.decide or policy.decide,
        status=status,
        sentence=sentence,
    )


def _outcome(
    line: PolicyCheck, split: str, metrics: Metrics, policy: Policy, rounding: float
) -> tuple[Status, str]:
    where = subject(line, split)
    metric = metrics.get(split, {}).get(line.metric)
    if metric is None:
        return "skipped", f"{where} was not measured"
    if metric.value is None:
        return "skipped", f"{where} is undefined: {metric.reason or 'no reason given'}"
    if not math.isfinite(metric.value):
        return "error", f"{where} is {metric.value}, which is not a finite number"
    for name, size in _sizes(line, split, metrics, metric):
        if not size.n >= policy.min_samples:
            return "error", _too_few(name, size.n, "samples", policy.min_samples)
        if not size.articles >= policy.min_articles:
            return "error", _too_few(name, size.articles, "articles", policy.min_articles)
    if (line.decide or policy.decide) == "bound":
        few = _too_few_for_an_interval(line, split, metrics, metric)
        if few:
            return "inconclusive", few
    return _compare(line, split, metric, metric.value, policy, rounding)


def _compare(
    line: PolicyCheck, split: str, metric: Metric, value: float, policy: Policy, rounding: float
) -> tuple[Status, str]:
    if (line.decide or policy.decide) == "point":
        status = decide(line, value, value, rounding=rounding)
    elif metric.low is None or metric.high is None:
        status = "inconclusive"
    elif not metric.low <= value <= metric.high:
        where = subject(line, split)
        return "error", f"{where} is {value}, outside its own interval [{metric.low}, {metric.high}]"
    else:
        # A gain over a control has its interval compared with ``above`` and its estimate with ``min_gain``.
        own = None if control_of(line.gate) is None else value
        status = decide(line, metric.low, metric.high, value=own, rounding=rounding)
    return status, compared(line, split, metric, value, status, rounding=rounding)


def _sizes(line: PolicyCheck, split: str, metrics: Metrics, metric: Metric) -> Iterator[tuple[str, Metric]]:
    """What must be large enough: the metric and, for a pair, each of the two means it compares.

    A pair's own counts are sums, in which 199 samples on val would hide a single one on ood.
    """
    name = line.metric
    yield subject(line, split), metric
    if split == PAIR and name in METRICS and METRICS[name].pair:
        mean = f"{name.removesuffix('delta')}cos"
        for side in EVALUATED:
            found = metrics.get(side, {}).get(mean)
            yield place(mean, side), found or Metric(None, None, None, 0, 0)


def _too_few_for_an_interval(line: PolicyCheck, split: str, metrics: Metrics, metric: Metric) -> str:
    """Why no interval can decide here, or nothing."""
    for name, size in _sizes(line, split, metrics, metric):
        if size.articles < LEAST_ARTICLES:
            return f"{_too_few(name, size.articles, 'articles', LEAST_ARTICLES, 'an interval')} to decide"
        rests = f"{name} rests on {size.articles} articles"
        if size.effective is None:
            return f"{rests}, and nothing tells how unequal they are; an interval cannot decide"
        # A quotient of two integers, which a double holds without crossing 8.
        if size.effective < LEAST_EFFECTIVE:
            equal = f"that weigh as {size.effective:.1f} equal ones"
            return f"{rests} {equal}, fewer than the {LEAST_EFFECTIVE} an interval needs to decide"
    return ""


def _too_few(where: str, found: int, what: str, needed: int, who: str = "the policy") -> str:
    return f"{where} rests on {found} {what}, fewer than the {needed} {who} needs"
