"""The answer of ``gatekeeper try``: can a model work on the data, and what would it have to beat?"""

from collections.abc import Sequence

from gatekeeper.evaluation.prospect import LINEAR, Prospect, SplitProspect
from gatekeeper.render.fitting import paragraph
from schemas.records.power import CHANCE, WORTH
from schemas.verdict.wording import figure


def render_prospect(prospect: Prospect, *, asked: float, tail: Sequence[str] = ()) -> str:
    """The answer, what is known already, what a model would have to know, and what could be seen.

    Args:
        prospect: the answer.
        asked: bits that a model must know more than the best copy.
        tail: the last lines.
    """
    lines = paragraph("Answer", prospect.sentence, most=4)
    for label, text in prospect_lines(prospect, asked=asked):
        lines += paragraph(label, text, most=3)
    return "\n".join([*lines, *(["", *tail] if tail else [])])


def prospect_lines(prospect: Prospect, *, asked: float) -> list[tuple[str, str]]:
    """Label and text of each line below the answer."""
    if not prospect.splits:
        return []
    known = [(("Known", "")[number > 0], _known(each)) for number, each in enumerate(prospect.splits)]
    beat = " and ".join(_beat(each, asked) for each in prospect.splits)
    seen = [text for each in prospect.splits if (text := _seen(each))]
    return [
        *known,
        ("To beat", f"{beat}: the best copy by {asked:g}, and by the whole interval"),
        *([("Shown", f"a gain of {' and of '.join(seen)}, {CHANCE:.0%} of the time")] if seen else []),
    ]


def _known(split: SplitProspect) -> str:
    known, linear = figure(split.known.value or 0.0, 2), figure(split.linear, 2)
    bits = f"{known} of {figure(split.choice, 1)} bits"
    return f"{split.split}: {bits} ({split.copy}, the best copy), {linear} ({LINEAR}, linear)"


def _beat(split: SplitProspect, asked: float) -> str:
    return f"{figure((split.known.value or 0.0) + asked, 2)} bits on {split.split}"


def _seen(split: SplitProspect) -> str:
    """What the articles show; empty where that is unknown."""
    power = split.power
    if power is None or power.gain is None:
        return ""
    more = f" ({split.missing} more are missing for {WORTH:g})" if split.missing else ""
    return f"{figure(power.gain, 2)} bits by the {split.articles} articles of {split.split}{more}"
