"""Differences between models, as tables and as JSON."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gatekeeper.evaluation.comparison import Differences, Scored
from gatekeeper.render.grid import grid
from gatekeeper.render.markdown import escape
from gatekeeper.render.rows import BESIDE, interval, number
from gatekeeper.render.table import OUTCOMES
from schemas.records.evidence import Metric
from schemas.records.metrics import BITS_KNOWN, COSINE, GATES, MARGIN, METRICS, RECALL_SEEN
from schemas.records.power import CHANCE
from schemas.records.report import Report
from schemas.records.splits import OOD, PAIR
from schemas.text import printable

STANDINGS: Mapping[str, str] = MappingProxyType(
    {MARGIN: "margin", BITS_KNOWN: "bits", COSINE: "cos", RECALL_SEEN: "article R@5"}
)
"""Metric -> head of its column in the leaderboard; the first one ranks."""


def render_comparison(
    first: Scored, second: Scored, differences: Differences, *, every: bool, markdown: bool
) -> str:
    """B against A: both figures, the difference, its interval and what it means."""
    shown = set(METRICS) if every else _checked(first.report) | _checked(second.report)
    rows = [
        [
            name,
            split,
            number(_value(first.report, split, name)),
            number(_value(second.report, split, name)),
            number(paired.metric.value),
            interval(paired.metric),
            number(paired.detectable),
            meaning(name, paired.metric),
        ]
        for split, found in differences.items()
        for name, paired in sorted(found.items(), key=lambda item: list(METRICS).index(item[0]))
        if name in shown
    ]
    confidence = f"{first.report.settings.confidence:.0%}"
    headers = ("metric", "split", "A", "B", "B - A", f"{confidence} interval", "detectable", "")
    table = grid(rows, headers, _form(markdown))
    return "\n\n".join(
        [f"{_names((first, second), markdown)}\n{_samples(first.report)}", table, _explained()]
    )


def render_standings(first: Scored, found: Sequence[tuple[Scored, Differences]], *, markdown: bool) -> str:
    """A leaderboard on ood, best margin first; differences are to A, whose own row shows none."""
    entries = [(first, None), *found]
    entries.sort(key=lambda entry: -(_value(entry[0].report, OOD, MARGIN) or -2.0))
    rows = []
    for scored, differences in entries:
        verdict = scored.report.judgement.verdict
        name = printable(scored.name)
        row = [
            escape(name) if markdown else name,
            OUTCOMES[verdict.outcome],
            f"{verdict.gates_passed}/{len(GATES)}",
        ]
        for name in STANDINGS:
            value = number(_value(scored.report, OOD, name))
            paired = None if differences is None else differences[OOD][name].metric
            row += [value, "A" if paired is None else f"{number(paired.value)} {interval(paired)}"]
        rows.append(row)
    headers = ["model", "verdict", "gates"]
    for title in STANDINGS.values():
        headers += [f"{title} ood", "minus A"]
    table = grid(rows, headers, _form(markdown))
    return "\n\n".join([f"{_names((first,), markdown)}\n{_samples(first.report)}", table])


def comparison_to_json(first: Scored, second: Scored, differences: Differences) -> dict[str, object]:
    """Every difference as plain values."""
    return {
        "a": first.name,
        "b": second.name,
        "confidence": first.report.settings.confidence,
        "power": CHANCE,
        "differences": [
            {
                "metric": name,
                "split": split,
                "a": _value(first.report, split, name),
                "b": _value(second.report, split, name),
                "difference": paired.metric.value,
                "low": paired.metric.low,
                "high": paired.metric.high,
                "detectable": paired.detectable,
                "n": paired.metric.n,
                "articles": paired.metric.articles,
                "reason": paired.metric.reason,
                "meaning": meaning(name, paired.metric),
            }
            for split, found in differences.items()
            for name, paired in found.items()
        ],
    }


def meaning(name: str, difference: Metric) -> str:
    """``better``, ``worse``, or that the sample shows no difference; nothing for a neutral metric."""
    if difference.low is None or difference.high is None:
        return ""
    if difference.low <= 0.0 <= difference.high:
        return "no difference shown"
    better = METRICS[name].better
    if better == "neither":
        return "differs"
    return "better" if (difference.low > 0.0) == (better == "higher") else "worse"


def _checked(report: Report) -> set[str]:
    return {line.metric for line in report.policy.checks} | {name for name, _, _ in BESIDE}


def _value(report: Report, split: str, name: str) -> float | None:
    metric = report.evidence.model.get(split, {}).get(name)
    return None if metric is None else metric.value


def _names(entries: Sequence[Scored], markdown: bool) -> str:
    named = zip("AB", entries, strict=False)
    texts = [f"{letter}: {printable(each.name)} ({printable(str(each.path))})" for letter, each in named]
    return "\n".join(map(escape, texts) if markdown else texts)


def _samples(report: Report) -> str:
    splits = report.inputs.splits
    return ", ".join(
        f"{name} {splits[name].sampled} windows in {splits[name].articles} articles"
        for name in splits
        if name != PAIR
    )


def _explained() -> str:
    return (
        "interval: of the difference, paired by sample and clustered by article\n"
        f"detectable: a true difference of this size would be shown with probability {CHANCE:g}"
    )


def _form(markdown: bool) -> str:
    return "github" if markdown else "simple"
