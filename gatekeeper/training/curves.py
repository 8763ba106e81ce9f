"""What the curves of a run are made of, by name."""

import math
from collections.abc import Mapping

from schemas.records.history import FIGURES, SPLIT_FIGURES, Epoch, MiniGates
from schemas.records.judgement import Check
from schemas.records.metrics import BITS_KNOWN
from schemas.records.policy import CHAMPION, control_of
from schemas.records.report import Report
from schemas.verdict.checks import measured_splits
from schemas.verdict.escape import value_of


def epoch_figures(record: Epoch) -> dict[str, float]:
    """What an epoch adds: its learning rate, its speed, and what the gates measured on each split.

    Undefined figures are left out.
    """
    values: dict[str, float | None] = {"train/lr": record.lr}
    if record.seconds > 0:
        values["train/samples_per_second"] = record.samples / record.seconds
    return _defined(values) | ({} if record.mini is None else gate_figures(record.mini))


def gate_figures(gates: MiniGates) -> dict[str, float]:
    """What the gates measured on each split, as ``val/margin``, and how many passed.

    Undefined figures are left out.
    """
    values = {
        f"{split}/{name}": value
        for split, figures in gates.splits.items()
        for name, value in vars(figures).items()
    }
    return _defined(values) | {"gates/passed": float(len(gates.passed))}


def epoch_means(record: Epoch) -> dict[str, float]:
    """Means of the loss's figures over all steps of an epoch; nothing for one without a step.

    A line of the log stands for as many steps as lie between it and the one before.
    """
    ends = [steps.step for steps in record.steps]
    counts = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    if not sum(counts):
        return {}
    return {
        f"train/{name}": sum(
            count * steps.figures[name] for count, steps in zip(counts, record.steps, strict=True)
        )
        / sum(counts)
        for name in FIGURES
    }


def final_figures(report: Report) -> dict[str, float]:
    """What the final evaluation checked and what the model knows, as ``final/ood/retrieval.article.r_at_5``.

    A gain stands under whom it is over: ``final/ood/gain_over.copy_mix/retrieval.article_unseen.bits``.
    Undefined figures are left out. MLflow allows no ``@`` in a name.
    """
    model = report.evidence.model
    figures = {_final(_place(check), check.metric): check.value for check in report.judgement.checks}
    for split in measured_splits(model):
        figures |= {_final(split, name): value_of(model, split, name) for name in SPLIT_FIGURES.values()}
    for control, splits in report.evidence.gains.items():
        for split in splits:
            value = value_of(splits, split, BITS_KNOWN)
            figures[_final(f"{split}/gain_over.{control}", BITS_KNOWN)] = value
    return _defined(figures)


def _place(check: Check) -> str:
    rival = CHAMPION if check.gate == CHAMPION else control_of(check.gate)
    return check.split if rival is None else f"{check.split}/gain_over.{rival}"


def _final(place: str, metric: str) -> str:
    return f"final/{place}/{metric.replace('@', '_at_')}"


def _defined(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None and math.isfinite(value)}
