"""A metric by its full name and its split."""

from schemas.errors import UsageError
from schemas.names import did_you_mean
from schemas.records.evidence import Metric, Metrics
from schemas.records.metrics import known_metric


def find_metric(metrics: Metrics, name: str, split: str) -> Metric:
    """What was measured.

    Args:
        metrics: of a model or a control.
        name: in :data:`schemas.records.metrics.METRICS`, e.g. ``offset_sweep.margin``.
        split: ``val``, ``ood``, or ``val-ood`` for what compares the two.

    Raises:
        UsageError: there is no such metric or split, one is no name, or the metric is none of that split.

    Example:
        >>> metrics = {"val": {"offset_sweep.cos": Metric(0.5, 0.4, 0.6, n=100, articles=9)}}
        >>> find_metric(metrics, "offset_sweep.cos", "val").value
        0.5
    """
    if not isinstance(name, str) or not isinstance(split, str):
        raise UsageError(f"a metric and a split are given by name; found {name!r} and {split!r}")
    known_metric(name)
    if split not in metrics:
        hint = did_you_mean(split, metrics) or f"known are {', '.join(metrics)}"
        raise UsageError(f"unknown split {split!r}; {hint}")
    if name not in metrics[split]:
        places = ", ".join(other for other, rows in metrics.items() if name in rows) or "nowhere"
        raise UsageError(f"{name} is not measured on {split}; found it on {places}")
    return metrics[split][name]
