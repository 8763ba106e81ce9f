"""Rows of the result table: one a check, and the figures that belong beside them."""

from schemas.metrics import GATE_LETTERS, PAIR
from schemas.report import Check, Metric, Report
from schemas.wording import figure

CONTROL_HEADS = {
    "oracle": "oracle",
    "copy_last": "copy",
    "mean_context": "mean",
    "constant": "const",
    "random": "random",
    "ridge": "ridge",
}

HEADERS = ("", "metric", "split", "value", "95% interval", "threshold", "status", *CONTROL_HEADS.values())

BESIDE: tuple[tuple[str, str, str], ...] = (
    ("offset_sweep.cos", "A", ""),
    ("offset_sweep.margin_prev", "A", ""),
    ("retrieval.article.r@1", "B", "expect 0.60"),
    ("retrieval.article_unseen.r@5", "B", "> chance"),
    ("retrieval.article_unseen.chance@5", "B", ""),
    ("retrieval.bank.r@5", "B", ""),
    ("retrieval.bank.mrr", "B", ""),
)
"""Figures shown although no threshold of the seed reads them (gate letter, note)."""


def result_rows(report: Report) -> list[list[str]]:
    """All checks gate by gate, each followed by the figures beside it."""
    rows: list[list[str]] = []
    checks = report.judgement.checks
    checked = {(check.metric, check.split) for check in checks}
    for gate in report.judgement.gates:
        letter = GATE_LETTERS.get(gate.name, "bias")
        own = [check for check in checks if check.gate == gate.name]
        rows += [
            _row(report, letter, check.metric, check.split, _bounds(check), check.status) for check in own
        ]
        rows += [
            _row(report, letter, metric, split, note, "")
            for metric, beside, note in BESIDE
            for split in report.evidence.model
            if beside == letter and split != PAIR and (metric, split) not in checked
        ]
    return rows


def number(value: float | None) -> str:
    """A figure for people with three decimals; ``-`` if undefined."""
    return "-" if value is None else figure(value)


def interval(metric: Metric) -> str:
    """``[low, high]`` or ``-``."""
    if metric.low is None or metric.high is None:
        return "-"
    return f"[{figure(metric.low)}, {figure(metric.high)}]"


def _row(report: Report, letter: str, name: str, split: str, threshold: str, status: str) -> list[str]:
    metric = report.evidence.model.get(split, {}).get(name)
    controls = report.evidence.controls
    beside = [controls.get(control, {}).get(split, {}).get(name) for control in CONTROL_HEADS]
    return [
        letter,
        name,
        split,
        "-" if metric is None else number(metric.value),
        "-" if metric is None else interval(metric),
        threshold,
        status.upper(),
        *("-" if control is None else number(control.value) for control in beside),
    ]


def _bounds(check: Check) -> str:
    if check.minimum is not None and check.minimum == check.maximum:
        return f"= {check.minimum:g}"
    parts = [
        f"{sign} {bound:.2f}"
        for sign, bound in ((">=", check.minimum), ("<=", check.maximum), (">", check.above))
        if bound is not None
    ]
    return ", ".join(parts)
