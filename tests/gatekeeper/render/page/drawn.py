"""What a plot says in words."""

import re

from gatekeeper.render.page.svg import Drawing


def written(drawn: Drawing) -> list[str]:
    """The words in a drawing, in order: ticks, axes, legend."""
    return re.findall(r">([^<>]+)</text>", drawn.markup)
