"""Whether a next-embedding model can work on data, told before there is one by what simple predictors know.

The order of chunks can be learned where a copy of what was read knows more than nothing of what comes next.
How much more there is to know, only a trained model can show; what it would have to beat, and whether these
articles could show that it does, is known beforehand.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from schemas.records.evidence import ORACLE, Evidence, Metric
from schemas.records.metrics import BITS_KNOWN
from schemas.records.power import CHANCE, WORTH, Power
from schemas.records.splits import EVALUATED
from schemas.verdict.knowledge import COPIES, best_control, known_bits
from schemas.verdict.wording import figure

Answer = Literal["yes", "flawed", "nothing", "known", "too_few"]

LINEAR = "logit"
"""The control that fits weights of copies and of a linear map to what bits measure."""


@dataclass(frozen=True)
class SplitProspect:
    """What is known on a split without a model.

    Attributes:
        split: where.
        articles: how many it has.
        choice: bits of whoever knows all.
        copy: the copy that knows most, by name. known: its bits.
        linear: bits of a linear fit. gain: the difference on the same windows.
        power: what the split's articles can show; None where that is unknown.
    """

    split: str
    articles: int
    choice: float
    copy: str
    known: Metric
    linear: float
    gain: Metric
    power: Power | None

    @property
    def left(self) -> float:
        """Bits that the copy does not know."""
        return self.choice - (self.known.value or 0.0)

    @property
    def missing(self) -> int:
        """Articles that are missing for a gain of 0.05 bits to be seen; 0 where there are enough."""
        needed = None if self.power is None else self.power.articles
        return max(0, (needed or 0) - self.articles)


@dataclass(frozen=True)
class Prospect:
    """The answer.

    Attributes:
        name: for programs. sentence: for people.
        splits: what it rests on.
    """

    name: Answer
    sentence: str
    splits: tuple[SplitProspect, ...]


def find_prospect(evidence: Evidence, power: Mapping[str, Power], problems: Sequence[str]) -> Prospect:
    """The answer, the main obstacle first.

    Args:
        evidence: of an evaluation of the control ``logit``.
        power: what the articles of each split can show, before there is a model.
        problems: what the audit has against the splits, worst first.
    """
    splits = tuple(found for name in EVALUATED if (found := _split(evidence, power, name)) is not None)
    name, sentence = _answer(splits, problems)
    return Prospect(name, sentence, splits)


def _split(evidence: Evidence, power: Mapping[str, Power], split: str) -> SplitProspect | None:
    best = best_control(evidence, split, COPIES)
    linear = known_bits(evidence, split)
    if best is None or math.isnan(linear):
        return None
    known = evidence.controls[best[0]][split][BITS_KNOWN]
    return SplitProspect(
        split=split,
        articles=known.articles,
        choice=known_bits(evidence, split, ORACLE),
        copy=best[0],
        known=known,
        linear=linear,
        gain=evidence.gains[best[0]][split][BITS_KNOWN],
        power=power.get(split),
    )


def _answer(splits: Sequence[SplitProspect], problems: Sequence[str]) -> tuple[Answer, str]:
    if problems:
        return "flawed", f"Not yet: {problems[0]}."
    blind = next((each for each in splits if not _shown(each.known) and not _shown(each.gain)), None)
    if blind is not None or len(splits) < len(EVALUATED):
        where = blind.split if blind is not None else "val and ood"
        return "nothing", (
            f"Probably not: on {where} neither a copy of what was read nor a linear fit knows anything of "
            "what comes next. Are the chunks in their order?"
        )
    full = next((each for each in splits if each.left < WORTH), None)
    if full is not None:
        return "known", (
            f"No: on {full.split} a copy of what was read already knows {figure(full.known.value or 0.0, 2)} "
            f"of {figure(full.choice, 2)} bits, so no model could show that it knows more."
        )
    worst = max(splits, key=lambda each: each.missing)
    if worst.missing:
        return "too_few", (
            f"Perhaps, but these articles could not show it: {worst.missing} more are missing on "
            f"{worst.split} for a gain of {WORTH:g} bits to be seen {CHANCE:.0%} of the time."
        )
    learned = all(_shown(each.gain) for each in splits)
    least = min(each.known.value or 0.0 for each in splits)
    more = (
        "and a linear fit already knows a little more than any copy"
        if learned
        else "but a linear fit knows no more than that, so a model must find what is not linear"
    )
    return (
        "yes",
        f"Yes: what comes next can be told, a copy alone knows {figure(least, 2)} bits of it, {more}.",
    )


def _shown(metric: Metric) -> bool:
    """Whether the whole interval lies above zero."""
    return metric.low is not None and metric.low > 0
