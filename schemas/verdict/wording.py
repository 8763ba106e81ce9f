"""The sentences of a check: what was found, against what was asked for.

The wording is part of the report contract: a reader derives it again and compares.
"""

from collections.abc import Mapping
from types import MappingProxyType

from schemas.records.evidence import Metric
from schemas.records.judgement import Status
from schemas.records.metrics import DATA, GATE_LETTERS, GEOMETRY, METRICS
from schemas.records.policy import BACKWARD_BIAS, CHAMPION, PolicyCheck, control_of
from schemas.records.splits import PAIR

_WHOLE_NUMBERS = ("offset_sweep.peak_offset",)
_MOST_DIGITS = 9
_ROUNDING = 1e-6  # of float32 cosines; written as a power of ten, for 0.000000000 says nothing


GATE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "offset_sweep": "nearest to target",
        "retrieval": "finds the target",
        "ablations": "needs its context",
        "rollout": "survives itself",
        "bins_delta": "as good elsewhere",
        "backward_bias": "no backward bias",
        "geometry": "spreads its answers",
        "data": "unseen data",
        "champion": "against champion",
    }
)
"""What a gate asks of a model."""


_CHECKS = {BACKWARD_BIAS: "backward-bias", GEOMETRY: "geometry", DATA: "data", CHAMPION: "champion"}


def place(metric: str, split: str) -> str:
    """``offset_sweep.margin on ood``, or ``bins_delta.delta between val and ood``."""
    return f"{metric} between val and ood" if split == PAIR else f"{metric} on {split}"


def subject(line: PolicyCheck, split: str) -> str:
    """What a line is about: the metric's place, or ``the gain of`` it over the champion or a control."""
    where = place(line.metric, split)
    rival = "the champion" if line.gate == CHAMPION else control_of(line.gate)
    return where if rival is None else f"the gain of {where} over {rival}"


def gate_title(gate: str) -> str:
    """``gate A (offset_sweep)``, ``the champion check``, ``the gain over ridge``."""
    if gate in GATE_LETTERS:
        return f"gate {GATE_LETTERS[gate]} ({gate})"
    control = control_of(gate)
    return f"the {_CHECKS[gate]} check" if control is None else f"the gain over {control}"


def gate_words(gate: str) -> str:
    """What a gate or a group of checks asks, in a few words.

    Example:
        >>> gate_words("rollout"), gate_words("control:ridge")
        ('survives itself', 'more than ridge')
    """
    control = control_of(gate)
    return GATE_WORDS[gate] if control is None else f"more than {control}"


def gate_in_words(gate: str) -> str:
    """What a gate asks, for people who do not know its name.

    Example:
        >>> gate_in_words("rollout"), gate_in_words("backward_bias")
        ('D (survives itself)', 'the backward-bias check')
    """
    if gate not in GATE_LETTERS:
        return gate_title(gate)
    return f"{GATE_LETTERS[gate]} ({GATE_WORDS[gate]})"


def share(value: float, digits: int = 0) -> str:
    """A share as a percentage, e.g. ``48%``; only all of them are 100%, and none is 0%."""
    text = f"{value:.{digits}%}"
    nearly = {"0%": "<1%", "100%": ">99%"}
    return nearly.get(text, text) if 0 < value < 1 else text


def figure(value: float, digits: int = 3) -> str:
    """``value`` with ``digits`` decimals and never a negative zero.

    Example:
        >>> figure(-0.0341), figure(-0.0001)
        ('-0.034', '0.000')
    """
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if text.startswith("-") and float(text) == 0 else text


def near_zero(line: PolicyCheck) -> bool:
    """Whether a line compares cosines with zero, so that rounding has a say.

    A gain over a control has it in every metric: whoever answers as the control does, but for the last
    digit, gains nothing.
    """
    known = METRICS.get(line.metric)
    rounded = known is not None and known.in_cosines
    return (rounded or control_of(line.gate) is not None) and 0.0 in (line.maximum, line.above)


def compared(
    line: PolicyCheck, split: str, metric: Metric, value: float, status: Status, *, rounding: float = 0.0
) -> str:
    """The sentence of a check that was compared with its bounds.

    Args:
        line: the policy's line.
        split: where it was checked.
        metric: what was measured.
        value: its estimate.
        status: pass, fail or inconclusive.
        rounding: what was allowed where cosines are compared with zero.
    """
    ends = [end for end in (metric.low, metric.high) if end is not None]
    digits = _digits(line, [value, *ends])
    interval = f" [{', '.join(_measured(end, digits) for end in ends)}]" if len(ends) == 2 else ""
    found = f"{subject(line, split)} is {_measured(value, digits)}{interval}"
    if status == "pass":
        return f"{found}, {_met(line, value, digits, rounding)}"
    if status == "inconclusive" and not interval:
        return f"{found}, but has no interval ({metric.reason or 'no reason given'}), so it is inconclusive"
    if status == "inconclusive":
        return f"{found}, an interval that reaches across {_asked(line, digits)}, so it is inconclusive"
    return f"{found}, {_violated(line, value, digits, rounding)}"


def _measured(value: float, digits: int) -> str:
    return f"{value:.0e}" if 0 < abs(value) < _ROUNDING else figure(value, digits)


def _met(line: PolicyCheck, value: float, digits: int, rounding: float) -> str:
    if line.minimum is not None and line.minimum == line.maximum:
        return "exactly as required"
    parts = []
    if line.minimum is not None:
        parts.append(f"at least the required {figure(line.minimum, digits)}")
    if line.above is not None:
        parts.append(f"above {figure(line.above, digits)} as required")
    if line.maximum is not None and value > line.maximum:
        parts.append(f"within rounding ({rounding:.0e}) of the allowed {figure(line.maximum, digits)}")
    elif line.maximum is not None:
        parts.append(f"at most the allowed {figure(line.maximum, digits)}")
    return " and ".join(parts)


def _violated(line: PolicyCheck, value: float, digits: int, rounding: float) -> str:
    if line.minimum is not None and line.minimum == line.maximum:
        return f"not the required {figure(line.minimum, digits)}"
    broken = []
    if line.minimum is not None and value < line.minimum:
        broken.append(f"below the required {figure(line.minimum, digits)}")
    if line.above is not None and value <= line.above:
        broken.append(f"not above {figure(line.above, digits)} as required")
    elif line.above == 0.0 and value <= rounding and near_zero(line):
        broken.append(
            f"not above {figure(line.above, digits)} by more than rounding ({rounding:.0e}) as required"
        )
    if line.maximum is not None and value > line.maximum:
        broken.append(f"above the allowed {figure(line.maximum, digits)}")
    return " and ".join(broken)


def _asked(line: PolicyCheck, digits: int) -> str:
    least = line.minimum if control_of(line.gate) is None else None  # the estimate answers to it
    bounds = dict.fromkeys(
        figure(bound, digits) for bound in (least, line.above, line.maximum) if bound is not None
    )
    return f"the threshold {' or '.join(bounds)}"


def _digits(line: PolicyCheck, numbers: list[float]) -> int:
    """Fewest decimals that show every bound exactly and no different number as equal to a bound."""
    bounds = [bound for bound in (line.minimum, line.maximum, line.above) if bound is not None]
    start = 0 if line.metric in _WHOLE_NUMBERS else 3
    for digits in range(start, _MOST_DIGITS):
        exact = all(round(bound, digits) == bound for bound in bounds)
        apart = all(_measured(n, digits) != figure(b, digits) for n in numbers for b in bounds if n != b)
        if exact and apart:
            return digits
    return _MOST_DIGITS
