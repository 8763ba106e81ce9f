"""What the model and each control know of the next chunk, in bits, and what the model gains over each."""

from collections.abc import Mapping
from types import MappingProxyType

from gatekeeper.render.grid import grid
from gatekeeper.render.rows import interval, number
from schemas.records.evidence import RIVALS, Metric, Metrics
from schemas.records.metrics import BITS_CENTRED, BITS_KNOWN, RECALL_UNSEEN
from schemas.records.report import Report
from schemas.verdict.checks import measured_splits

MODEL = "model"
"""Head of the model's row; the others are called as the controls are."""

IN_BITS: Mapping[str, str] = MappingProxyType({BITS_KNOWN: "bits", BITS_CENTRED: "bits centred"})
"""Metric -> head of its column."""

CAPTION = "Bits known of which chunk comes next, and the model's gain over each control"


def render_knowledge(report: Report, form: str) -> str:
    """The table of all predictors, in tabulate's format ``form``; nothing where no bits were measured."""
    if not knows_bits(report):
        return ""
    table = grid(knowledge_rows(report, IN_BITS), knowledge_heads(report, IN_BITS), form)
    return f"{CAPTION}:\n\n{table}"


def knows_bits(report: Report) -> bool:
    """Whether bits were measured on any split."""
    return any(BITS_KNOWN in rows for rows in report.evidence.model.values())


def knowledge_heads(report: Report, columns: Mapping[str, str]) -> list[str]:
    """Heads of :func:`knowledge_rows`: for each split the columns, then the gain in bits."""
    heads = (*columns.values(), "gain")
    return ["", *(f"{head} {split}" for split in measured_splits(report.evidence.model) for head in heads)]


def knowledge_rows(report: Report, columns: Mapping[str, str]) -> list[list[str]]:
    """A row for the model and for each control.

    Args:
        report: what was measured.
        columns: metric -> head.
    """
    evidence = report.evidence
    splits = measured_splits(evidence.model)
    rows = []
    for name, metrics in {MODEL: evidence.model, **evidence.controls}.items():
        cells = [name]
        for split in splits:
            cells += [known(metrics, split, metric) for metric in columns]
            cells.append(known(evidence.gains.get(name, {}), split, BITS_KNOWN) if name in RIVALS else "")
        rows.append(cells)
    return rows


def known(metrics: Metrics, split: str, name: str) -> str:
    """``1.820 [1.701, 1.939]``, or ``-`` where it is undefined or was not measured."""
    metric = metrics.get(split, {}).get(name)
    return "-" if metric is None else _figure(metric)


def left_out(report: Report) -> tuple[str, ...]:
    """A sentence for each split on which targets without a rival were left out of the bits."""
    sentences = []
    for split in measured_splits(report.evidence.model):
        rows = report.evidence.model[split]
        bits, ranked = rows.get(BITS_KNOWN), rows.get(RECALL_UNSEEN)
        if bits is None or bits.value is None or ranked is None or bits.n >= ranked.n:
            continue
        sentences.append(
            f"bits on {split} leave out {ranked.n - bits.n} of {ranked.n} windows: no other row of their "
            "article could be the target"
        )
    return tuple(sentences)


def _figure(metric: Metric) -> str:
    if metric.value is None:
        return "-"
    ends = interval(metric)
    return number(metric.value) if ends == "-" else f"{number(metric.value)} {ends}"
