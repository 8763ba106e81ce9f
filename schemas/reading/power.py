"""Does what a split is said to show agree with the intervals that it has shown?"""

from collections.abc import Iterator

from schemas.records.evidence import Evidence, Metric
from schemas.records.metrics import BITS_KNOWN, MARGIN
from schemas.records.power import WORTH, Power


def power_problems(evidence: Evidence) -> Iterator[str]:
    """What contradicts the metrics and gains: one sentence each, nothing is good.

    The figures themselves hang on the windows of each article, which no report lists. But they follow from
    the intervals: what is detectable is larger than what its interval leaves open, and enough articles for
    a gain are there exactly where it is detectable.
    """
    for split, power in evidence.power.items():
        gain = evidence.gains.get(power.rival or "", {}).get(split, {}).get(BITS_KNOWN)
        margin = evidence.model.get(split, {}).get(MARGIN)
        for problem in (
            *_too_small("gain", power.gain, gain),
            *_too_small("margin", power.margin, margin),
            *_no_number(power, 0 if gain is None else gain.articles),
        ):
            yield f"evidence.power of {split}: {problem}"


def _too_small(what: str, detectable: float | None, metric: Metric | None) -> Iterator[str]:
    if detectable is None:
        return
    if metric is None or metric.value is None or metric.low is None:
        yield f"a {what} of {detectable:g} is detectable, but it has no interval"
    elif detectable < metric.value - metric.low:
        yield (
            f"a {what} of {detectable:g} is detectable, but its interval begins "
            f"{metric.value - metric.low:g} below the estimate"
        )


def _no_number(power: Power, found: int) -> Iterator[str]:
    enough = power.articles is not None and power.articles <= found
    if power.gain is None:
        if power.articles is not None:
            yield f"{power.articles} articles show a gain of {WORTH:g}, but none is known to be detectable"
    elif enough != (power.gain <= WORTH):
        needed = "no number of" if power.articles is None else power.articles
        yield f"{needed} articles show a gain of {WORTH:g}, but {found} show one of {power.gain:g}"
