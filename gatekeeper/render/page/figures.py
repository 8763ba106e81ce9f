"""What the plots are made of: records, and readings of a report."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gatekeeper.render.page.svg import Drawing
from gatekeeper.render.rows import interval, number
from schemas.records.evidence import Metric, Metrics
from schemas.records.policy import CHAMPION, CONTROL_GATES
from schemas.records.report import Report
from schemas.verdict.checks import measured_splits

WIDTH, HEIGHT = 440.0, 320.0
"""Units of a plot; two fit beside one another on a desktop, one on a phone."""

_MOST_THRESHOLDS = 3
_FARTHEST = 1e9


@dataclass(frozen=True)
class Table:
    """Figures as text; the first cell of a row is its head."""

    caption: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Plot:
    """A section with plots.

    Attributes:
        key: its id on the page.
        heading: its title. lead: how to read it.
        drawings: the plots. table: the same figures. absent: what is not shown, and why.
    """

    key: str
    heading: str
    lead: str
    drawings: tuple[Drawing, ...]
    table: Table
    absent: tuple[str, ...] = ()


def splits_of(report: Report) -> tuple[str, ...]:
    """The splits that were measured, in their order."""
    return measured_splits(report.evidence.model)


def find(metrics: Metrics, split: str, name: str) -> Metric | None:
    """A metric that has a value, else None."""
    metric = metrics.get(split, {}).get(name)
    return None if metric is None or metric.value is None else metric


def estimate(metric: Metric) -> float:
    """The value, NaN where it is undefined; matplotlib leaves NaN out."""
    return math.nan if metric.value is None else metric.value


def values(metrics: Metrics, split: str, names: Iterable[str]) -> list[float]:
    """The estimates, NaN where one is undefined."""
    return [math.nan if (found := find(metrics, split, name)) is None else estimate(found) for name in names]


def reach(metric: Metric) -> tuple[float, float]:
    """From the interval's low to its high; the value itself where there is none.

    Values are bounded, ends of intervals are not: on two articles a high confidence makes them so wide
    that an axis could not be laid out, and where they are cut off nobody can see.
    """
    value = estimate(metric)
    if metric.low is None or metric.high is None:
        return value, value
    return max(metric.low, -_FARTHEST), min(metric.high, _FARTHEST)


def arms(metric: Metric) -> tuple[tuple[float], tuple[float]]:
    """Lengths of an error bar below and above the estimate; never negative."""
    low, high = reach(metric)
    value = estimate(metric)
    return (max(0.0, value - low),), (max(0.0, high - value),)


def defined(metrics: Metrics, split: str, names: Iterable[str]) -> bool:
    """Whether any of the metrics has a value."""
    return any(find(metrics, split, name) is not None for name in names)


def cell(metric: Metric | None) -> str:
    """``0.546 [0.537, 0.555]``, or why there is none."""
    if metric is None:
        return "not measured"
    if metric.value is None:
        return f"undefined: {metric.reason or 'no reason given'}"
    found = interval(metric)
    return number(metric.value) if found == "-" else f"{number(metric.value)} {found}"


def raw(metrics: Metrics, split: str, name: str) -> Metric | None:
    """A metric, defined or not."""
    return metrics.get(split, {}).get(name)


def thresholds(report: Report, metric: str, split: str) -> tuple[float, ...]:
    """Bounds the policy sets for a metric on a split, the first few distinct ones."""
    bounds = dict.fromkeys(
        bound
        for check in report.judgement.checks
        if check.metric == metric and check.split == split and check.gate not in (CHAMPION, *CONTROL_GATES)
        for bound in (check.minimum, check.maximum, check.above)
        if bound is not None
    )
    return tuple(bounds)[:_MOST_THRESHOLDS]


def missing(report: Report, what: str, names: Mapping[str, str] | Iterable[str]) -> tuple[str, ...]:
    """A sentence for every split on which none of the metrics has a value."""
    names = tuple(names)
    sentences = []
    for split in splits_of(report):
        if defined(report.evidence.model, split, names):
            continue
        reasons = dict.fromkeys(
            found.reason
            for name in names
            if (found := raw(report.evidence.model, split, name)) is not None and found.reason
        )
        why = "; ".join(reasons) or "the report holds no figures for it"
        sentences.append(f"There is no {what} on {split}: {why}.")
    return tuple(sentences) or (() if splits_of(report) else (f"There is no {what}: no split was measured.",))
