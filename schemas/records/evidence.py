"""What was measured: metrics of the model and of the controls, and how the model answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated

from schemas.records.answers import Answers
from schemas.records.metrics import BITS_KNOWN, COSINE, LIFT, METRICS, RECALL_UNSEEN, Range
from schemas.records.power import Power
from schemas.records.rules import END, Count, Line, Names, SplitName, rule
from schemas.records.splits import PAIR

CONTROLS: Mapping[str, str] = MappingProxyType(
    {
        "oracle": "returns the true target; must pass what the policy requires",
        "copy_last": "returns the last context chunk",
        "mean_context": "returns the mean of the context",
        "constant": "returns the mean of the bank",
        "random": "returns a seeded random direction",
        "ridge": "closed-form linear regression from the flattened context",
        "ridge_centred": "the same minus the mean row",
        "copy_last_centred": "returns the last context chunk minus the mean row",
        "copy_mix": "the best weighted copy of the context",
        "logit": "the best of weighted copy, whitened copy and ridge together",
    }
)
"""Controls that every evaluation must contain, and what each one does."""

ORACLE = "oracle"
"""The control that knows the answer: nobody has to be better than it."""

RIVALS: tuple[str, ...] = tuple(name for name in CONTROLS if name != ORACLE)
"""The controls over which a gain means something."""

GAINED: tuple[str, ...] = (BITS_KNOWN, LIFT, COSINE, RECALL_UNSEEN, "retrieval.article_unseen.mrr")
"""Metrics whose gain over each control a report holds; in all of them higher is better."""

TRIVIAL: tuple[str, ...] = ("copy_last", "constant", "random")
"""Controls that know nothing: a gate they pass proves nothing."""


@dataclass(frozen=True)
class Metric:
    """One measured number.

    Attributes:
        value: point estimate, or None when it is undefined (then ``reason`` says why).
        low: lower end of the interval at the report's confidence, clustered by article; None if undefined.
        high: upper end of the interval; None if undefined.
        n: samples behind the estimate.
        articles: distinct articles among them.
        reason: why the value or the interval is undefined, else empty.
        effective: so many articles of equal size would weigh as these do: ``(sum n)^2 / sum n^2`` over the
            samples of each article; None where there is no value.
        degrees: of freedom of the interval; None where there is no interval, or none of Student's kind.
    """

    value: float | None
    low: float | None
    high: float | None
    n: Count
    articles: Count
    reason: Annotated[Line, rule(maxLength=500)] = ""
    effective: Annotated[float, rule(minimum=1)] | None = None
    degrees: Annotated[float, rule(minimum=1)] | None = None


def _within(span: Range) -> object:
    ends = {"minimum": span.low, "maximum": span.high}
    value = {name: end for name, end in ends.items() if end is not None}
    return Annotated[Metric, rule(span.name, description=span.meaning, properties={"value": value})]


_SPANS = {info.range.name: _within(info.range) for info in METRICS.values()}

_MetricName = Annotated[
    str,
    Names(
        {name: info.meaning for name, info in METRICS.items()},
        {name: _SPANS[info.range.name] for name, info in METRICS.items()},
        required=False,
    ),
]
_SplitOrPair = Annotated[str, rule(pattern=f"^([a-z][a-z0-9_]{{0,39}}|{PAIR}){END}")]
_OfSplit = Annotated[Mapping[_MetricName, Metric], rule(description="Full metric name to metric.")]

Metrics = Annotated[
    Mapping[_SplitOrPair, _OfSplit],
    rule(
        "metrics",
        maxProperties=65,
        description=f"Split name, or {PAIR} for metrics that compare the two, to full metric name to metric.",
    ),
]
"""split (or pair) name -> full metric name -> Metric."""

_Rival = Annotated[str, Names({name: CONTROLS[name] for name in RIVALS}, required=False)]
_Gained = Annotated[str, Names({name: METRICS[name].meaning for name in GAINED}, required=False)]

Gains = Annotated[
    Mapping[_Rival, Mapping[SplitName, Mapping[_Gained, Metric]]],
    rule(
        "gains",
        description="Control to split to full metric name to the difference to that control, sample by "
        "sample; positive is better.",
    ),
]
"""control -> split -> full metric name -> how much better, paired sample by sample."""


@dataclass(frozen=True)
class Evidence:
    """All that was measured; the sole input of the verdict.

    Attributes:
        model: metrics of the evaluated model.
        controls: metrics of the known-answer controls over the very same samples.
        answers: how the model answered, split by split: formats, and how far its answers depend on
            company. A report has them for every split that was measured.
        gains: of the model over every control but the oracle, sample by sample; positive is better.
        oracle_gains: the same of the oracle: what a model that knows the answer gains here.
        power: what the articles of each split can show of a model like this one; no verdict hangs on it.
    """

    model: Metrics
    controls: Mapping[Annotated[str, Names(CONTROLS)], Metrics]
    answers: Mapping[SplitName, Answers] = field(default_factory=dict)
    gains: Gains = field(default_factory=dict)
    oracle_gains: Gains = field(default_factory=dict)
    power: Mapping[SplitName, Power] = field(default_factory=dict)
