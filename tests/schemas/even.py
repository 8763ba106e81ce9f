"""Metrics over articles of equal size."""

from schemas.records.evidence import Metric


def even(
    value: float | None, low: float | None, high: float | None, n: int, articles: int, reason: str = ""
) -> Metric:
    """A metric whose articles all weigh the same: as many effective ones as there are."""
    effective = float(articles) if value is not None and articles else None
    return Metric(value, low, high, n, articles, reason, effective)
