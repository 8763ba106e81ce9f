"""The reasons of a verdict for people: each fact once.

A report keeps one sentence a check, for programs and for whoever wants them all. Three margins on two
splits that fail because the answer lies near what was read are one finding, as are the two splits of any
other check.
"""

import re
from collections.abc import Iterable, Sequence

from gatekeeper.render.rows import number
from schemas.records.judgement import Check, Judgement
from schemas.records.policy import CHAMPION

_PLACE = ("margin", "margin_prev", "margin_last", "peak_offset")
"""Figures that tell one thing: whether the target is the nearest chunk. ``margin`` asks for most."""

_ESCAPED = re.compile(r"the model has escaped on (\w+): (.*)")
_UNSOUND = re.compile(r"(.+?) (?:tells nothing of knowledge|cannot be decided) on this data: .*")
_NUMBER = re.compile(r"-?\d+\.\d+")


def findings(judgement: Judgement) -> tuple[str, ...]:
    """The reasons of a verdict, those that say the same joined into one, in their order.

    Example:
        ``offset_sweep.margin on val is -0.097 [-0.101, -0.093], below the required 0.050; on ood -0.089; so
        say margin_last, margin_prev`` for six sentences.
    """
    return _once(judgement.verdict.reasons, judgement)


def warned(judgement: Judgement) -> tuple[str, ...]:
    """The warnings of a verdict, likewise.

    Example:
        ``the gain of offset_sweep.cos on val over constant is -0.116 [-0.137, -0.095], not above 0.000 as
        required; on ood -0.149`` for two sentences.
    """
    return _once(judgement.verdict.warnings, judgement)


def undecided_once(reasons: Iterable[str]) -> list[str]:
    """Reasons beside a first one that is told in full: gates that the true targets miss too by name only.

    Example:
        >>> undecided_once(["gate B (retrieval) tells nothing of knowledge on this data: the true targets"])
        ['likewise undecided: gate B (retrieval)']
    """
    given = list(reasons)
    names = [found[1] for reason in given if (found := _UNSOUND.fullmatch(reason))]
    others = [reason for reason in given if not _UNSOUND.fullmatch(reason)]
    return [*([f"likewise undecided: {', '.join(names)}"] if names else []), *others]


def _once(sentences: Iterable[str], judgement: Judgement) -> tuple[str, ...]:
    checks = {check.sentence: check for check in judgement.checks}
    groups: dict[object, list[str]] = {}
    for reason in sentences:
        groups.setdefault(_fact(reason, checks.get(reason)), []).append(reason)
    return tuple(_joined(reasons, [checks.get(reason) for reason in reasons]) for reasons in groups.values())


def explained(judgement: Judgement) -> tuple[str, ...]:
    """The findings, and the diagnosis where it says more: one that is undecided is its first reason."""
    diagnosis = judgement.diagnosis
    return (*findings(judgement), *(() if diagnosis.name == "undecided" else (diagnosis.sentence,)))


def _fact(reason: str, check: Check | None) -> object:
    """What two reasons must share to be one finding."""
    if check is None:
        escaped = _ESCAPED.fullmatch(reason)
        return _NUMBER.sub("", escaped[2]) if escaped else reason
    if check.value is None:
        return reason
    name = check.metric.partition(".")[2]
    if name in _PLACE and check.gate != CHAMPION:
        return _PLACE
    return check.gate, check.metric, check.minimum, check.maximum, check.above


def _joined(reasons: Sequence[str], checks: Iterable[Check | None]) -> str:
    known = [check for check in checks if check is not None]
    if not known:
        others = [found[1] for reason in reasons[1:] if (found := _ESCAPED.fullmatch(reason))]
        return "; ".join([reasons[0], *(f"likewise on {split}" for split in others)])
    first = known[0]
    same = [check for check in known[1:] if check.metric == first.metric and check.split != first.split]
    names = dict.fromkeys(check.metric.partition(".")[2] for check in known if check.metric != first.metric)
    parts = [first.sentence, *(f"on {check.split} {number(check.value)}" for check in same)]
    return "; ".join([*parts, *([f"so say {', '.join(names)}"] if names else [])])
