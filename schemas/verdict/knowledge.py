"""What a model knows of which chunk comes next, in bits, beside the best control. Pure.

Bits are a proper score: 0 for a constant and for chance, and one scale for everybody. Beside the control that
has most of them on the same windows, they say what reading more than a copy of the context was worth.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.records.evidence import RIVALS, Evidence, Metric
from schemas.records.metrics import BITS_KNOWN
from schemas.records.splits import EVALUATED
from schemas.verdict.wording import figure

COPIES = ("copy_last", "copy_last_centred", "copy_mix")
"""Controls that repeat what they read, weighted at most."""

LINEAR = ("ridge", "ridge_centred")
"""Controls that are a linear fit."""


@dataclass(frozen=True)
class Known:
    """What is known on one split.

    Attributes:
        split: where.
        bits: what the model knows.
        control: the one that knows most of all but the oracle and the model itself; of equals the first in
            the order of :data:`schemas.records.evidence.RIVALS`.
        theirs: what that control knows.
        gain: the difference on the same windows; without an interval where the report holds none.
    """

    split: str
    bits: float
    control: str
    theirs: float
    gain: Metric

    def sentence(self) -> str:
        """All of it in a line.

        Example:
            >>> Known("val", 2.06, "copy_mix", 2.02, Metric(0.04, 0.01, 0.07, 400, 20)).sentence()
            'knows 2.06 bits on val; best control copy_mix 2.02; gain +0.04 [0.01, 0.07]'
        """
        return (
            f"knows {figure(self.bits, 2)} bits on {self.split}; "
            f"best control {self.control} {figure(self.theirs, 2)}; gain {self.gained()}"
        )

    def gained(self) -> str:
        """The gain with its sign, and its interval where there is one.

        Example:
            >>> Known("val", 1.0, "ridge", 1.5, Metric(-0.5, None, None, 400, 1)).gained()
            '-0.50'
        """
        value = self.bits - self.theirs
        shown = figure(value, 2)
        sign = "" if shown.startswith("-") else "+"
        if self.gain.low is None or self.gain.high is None:
            return f"{sign}{shown}"
        return f"{sign}{shown} [{figure(self.gain.low, 2)}, {figure(self.gain.high, 2)}]"


def find_known(evidence: Evidence) -> tuple[Known, ...]:
    """What is known on val and on ood; a split is left out where bits are undefined there.

    Example:
        >>> find_known(Evidence({}, {}))
        ()
    """
    return tuple(_known(evidence))


def known_bits(evidence: Evidence, split: str, control: str = "") -> float:
    """Bits of the model or of a control; NaN where they are missing, undefined or not finite."""
    metrics = evidence.controls.get(control, {}) if control else evidence.model
    metric = metrics.get(split, {}).get(BITS_KNOWN)
    value = math.nan if metric is None or metric.value is None else metric.value
    return value if math.isfinite(value) else math.nan


def best_control(evidence: Evidence, split: str, among: Iterable[str] = RIVALS) -> tuple[str, float] | None:
    """The control of ``among`` with most bits, and how many; None where none has any.

    A control that is judged as a model is beside the best of the others.
    """
    others = [name for name in among if not _is_the_model(evidence, split, name)]
    found = [(name, bits) for name in others if not math.isnan(bits := known_bits(evidence, split, name))]
    return max(found, key=lambda each: each[1], default=None)


def _is_the_model(evidence: Evidence, split: str, control: str) -> bool:
    """Whether every figure that both have there is the same, to the last digit."""
    mine, theirs = (
        metrics.get(split, {}) for metrics in (evidence.model, evidence.controls.get(control, {}))
    )
    shared = mine.keys() & theirs.keys()
    return bool(shared) and all(mine[name] == theirs[name] for name in shared)


def _known(evidence: Evidence) -> Iterator[Known]:
    for split in EVALUATED:
        bits, best = known_bits(evidence, split), best_control(evidence, split)
        if math.isnan(bits) or best is None:
            continue
        control, theirs = best
        gain = evidence.gains.get(control, {}).get(split, {}).get(BITS_KNOWN)
        yield Known(
            split, bits, control, theirs, gain or Metric(bits - theirs, None, None, 0, 0, "not measured")
        )
