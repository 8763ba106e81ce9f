"""What was measured: metrics of the model and of the controls, and how the model answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.records.answers import Answers


@dataclass(frozen=True)
class Metric:
    """One measured number.

    Attributes:
        value: the point estimate, or None when it is undefined (then ``reason`` says why).
        low, high: interval at the report's confidence, clustered by article; None if undefined.
        n: samples behind it.
        articles: distinct articles among them.
        reason: why ``value`` or the interval is undefined, else "".
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    articles: int
    reason: str = ""


Metrics = Mapping[str, Mapping[str, Metric]]
"""split (or pair) name -> full metric name -> Metric."""


@dataclass(frozen=True)
class Evidence:
    """All that was measured; the sole input of the verdict.

    ``controls`` maps oracle, copy_last, mean_context, constant, random and ridge to metrics over
    the very same samples. ``answers`` says of each split how the model answered; a report has them
    for every split that was measured.
    """

    model: Metrics
    controls: Mapping[str, Metrics]
    answers: Mapping[str, Answers] = field(default_factory=dict)
