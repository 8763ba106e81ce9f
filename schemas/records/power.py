"""What a sample of articles can show, beside what it has shown and before anything is measured on it."""

from dataclasses import dataclass
from typing import Annotated

from schemas.records.rules import Line, rule

CHANCE = 0.8
"""What is called detectable is shown with this probability: its whole interval lies above zero."""

WORTH = 0.05
"""Bits: the gain of which is said how many articles show it."""

MOST_ARTICLES = 10_000
"""Where so many are not enough, it is not said how many are."""

_Size = Annotated[float, rule(minimum=0)]
_Needed = Annotated[int, rule(minimum=2)]


@dataclass(frozen=True)
class Power:
    """What the articles of a split can show.

    Detectable is what its interval shows to lie above zero with probability 0.8, where articles differ from
    each other as much as they were found to.

    Attributes:
        rival: the control over which the gain is; None where over no control the gains are known to differ
            from article to article.
        gain: the smallest detectable gain in bits over it; None where there is no interval.
        margin: the smallest detectable margin of the offset sweep; None likewise.
        articles: so many articles like these make a gain of 0.05 bits detectable; None where there is no
            interval, or 10,000 are not enough.
    """

    rival: Line | None
    gain: _Size | None
    margin: _Size | None
    articles: _Needed | None
