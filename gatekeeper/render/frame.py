"""Figures as tidy rows, one a metric, split and predictor, for whoever computes with them."""

from typing import Any

from schemas.records.report import Report

MODEL = "model"
"""The predictor that was evaluated; the others are the controls."""

Row = dict[str, object]


def metric_rows(report: Report) -> list[Row]:
    """Everything that was measured, of the model, then of each control, then the gains over each control.

    Of a gain, ``predictor`` is ``model - copy_mix`` for what the model has more than that control,
    taken window by window.

    Columns: ``predictor`` (``model``, or the name of a control), ``split`` (``val-ood`` for what compares the
    two), ``metric``, ``value``, ``low``, ``high``, ``n``, ``articles`` and ``reason``.
    """
    evidence = report.evidence
    gains = {f"{MODEL} - {control}": rows for control, rows in evidence.gains.items()}
    measured = {MODEL: evidence.model, **evidence.controls, **gains}
    return [
        {
            "predictor": predictor,
            "split": split,
            "metric": name,
            "value": metric.value,
            "low": metric.low,
            "high": metric.high,
            "n": metric.n,
            "articles": metric.articles,
            "reason": metric.reason,
        }
        for predictor, metrics in measured.items()
        for split, rows in metrics.items()
        for name, metric in rows.items()
    ]


def to_frame(rows: list[Row]) -> Any:  # noqa: ANN401  (pandas is not everywhere)
    """A ``pandas.DataFrame`` where pandas is installed, else the rows themselves."""
    try:
        import pandas
    except ImportError:
        return rows
    return pandas.DataFrame(rows)
