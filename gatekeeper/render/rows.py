"""Rows of the result table: one a check, and the figures that belong beside them."""

from schemas.records.evidence import Metric
from schemas.records.judgement import Check
from schemas.records.metrics import DATA, GATE_LETTERS, GEOMETRY, RANK_SHARE, SPREAD_SHARE
from schemas.records.policy import CHAMPION, CONTROL_GATES
from schemas.records.report import Report
from schemas.records.splits import PAIR
from schemas.verdict.wording import figure

CONTROL_HEADS = {
    "oracle": "oracle",
    "copy_last": "copy",
    "mean_context": "mean",
    "constant": "const",
    "random": "random",
    "ridge": "ridge",
    "ridge_centred": "ridge-m",
    "copy_last_centred": "copy-m",
    "copy_mix": "mix",
    "logit": "logit",
}

HEADERS = ("", "metric", "split", "value", "95% interval", "threshold", "status", *CONTROL_HEADS.values())

SHAPE = "shape"
"""Stands for the letter in rows of geometry, which is none of the five gates."""

BESIDE: tuple[tuple[str, str, str], ...] = (
    ("offset_sweep.cos", "A", ""),
    ("offset_sweep.margin_prev", "A", ""),
    ("offset_sweep.margin_unseen", "A", ""),
    ("offset_sweep.lift", "A", ""),
    ("offset_sweep.copying", "A", "1 as the truth"),
    ("retrieval.article_unseen.bits", "B", ""),
    ("retrieval.article_unseen.bits_centred", "B", ""),
    ("retrieval.article_unseen.auc", "B", ""),
    ("retrieval.seed_pool.r@5", "B", "> chance"),
    ("retrieval.seed_pool.chance@5", "B", ""),
    ("retrieval.article.r@1", "B", "expect 0.60"),
    ("retrieval.article_unseen.r@5", "B", "> chance"),
    ("retrieval.article_unseen.chance@5", "B", ""),
    ("retrieval.bank.r@5", "B", ""),
    ("retrieval.bank.mrr", "B", ""),
    (SPREAD_SHARE, SHAPE, "1 as the targets"),
    (RANK_SHARE, SHAPE, "1 as the targets"),
)
"""Figures shown although no threshold of the seed reads them (gate letter or name of the group, note)."""


def result_rows(report: Report) -> list[list[str]]:
    """All checks gate by gate, each followed by the figures beside it; geometry is shown unchecked too."""
    rows: list[list[str]] = []
    checks = report.judgement.checks
    checked = {(check.metric, check.split) for check in checks}
    for gate in dict.fromkeys((*(gate.name for gate in report.judgement.gates), GEOMETRY)):
        letter = letter_of(gate)
        own = [check for check in checks if check.gate == gate]
        rows += [_check_row(report, letter, check) for check in own]
        rows += [
            _row(report, letter, metric, split, note, "")
            for metric, beside, note in BESIDE
            for split in report.evidence.model
            if beside == letter and split != PAIR and (metric, split) not in checked
        ]
    return rows


def result_headers(report: Report) -> list[str]:
    """Heads of the columns of :func:`result_rows`, with the report's confidence."""
    return [
        f"{report.settings.confidence:.0%} interval" if head == "95% interval" else head for head in HEADERS
    ]


def number(value: float | None) -> str:
    """A figure for people with three decimals; ``-`` if undefined."""
    return "-" if value is None else figure(value)


def interval(metric: Metric) -> str:
    """``[low, high]`` or ``-``."""
    if metric.low is None or metric.high is None:
        return "-"
    return f"[{figure(metric.low)}, {figure(metric.high)}]"


def letter_of(gate: str) -> str:
    """``A`` to ``E``, or a short name for the checks that belong to none of the five."""
    if gate in (CHAMPION, *CONTROL_GATES):
        return "gain"
    return GATE_LETTERS.get(gate) or {GEOMETRY: SHAPE, DATA: "data"}.get(gate, "bias")


def shown_status(check: Check) -> str:
    """The status in capitals; a warning that does not pass is no failure."""
    return "WARN" if check.severity == "warn" and check.status != "pass" else check.status.upper()


def _check_row(report: Report, letter: str, check: Check) -> list[str]:
    found = Metric(check.value, check.low, check.high, 0, 0)
    # A control has no gain over the champion, nor over others.
    beside = (
        ["-"] * len(CONTROL_HEADS)
        if check.gate in (CHAMPION, *CONTROL_GATES)
        else _beside(report, check.metric, check.split)
    )
    return [
        letter,
        check.metric,
        check.split,
        number(found.value),
        interval(found),
        bounds(check),
        shown_status(check),
        *beside,
    ]


def _row(report: Report, letter: str, name: str, split: str, threshold: str, status: str) -> list[str]:
    metric = report.evidence.model.get(split, {}).get(name)
    return [
        letter,
        name,
        split,
        "-" if metric is None else number(metric.value),
        "-" if metric is None else interval(metric),
        threshold,
        status.upper(),
        *_beside(report, name, split),
    ]


def _beside(report: Report, name: str, split: str) -> list[str]:
    controls = report.evidence.controls
    found = [controls.get(control, {}).get(split, {}).get(name) for control in CONTROL_HEADS]
    return ["-" if control is None else number(control.value) for control in found]


def bounds(check: Check) -> str:
    """The threshold, e.g. ``>= 0.05``."""
    if check.minimum is not None and check.minimum == check.maximum:
        return f"= {check.minimum:g}"
    parts = [
        f"{sign} {bound:.2f}" if round(bound, 2) == bound else f"{sign} {bound:g}"
        for sign, bound in ((">=", check.minimum), ("<=", check.maximum), (">", check.above))
        if bound is not None
    ]
    return ", ".join(parts)
