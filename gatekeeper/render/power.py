"""What the articles of each split can show, as a table."""

from collections.abc import Mapping

from gatekeeper.render.grid import grid
from gatekeeper.render.rows import number
from schemas.records.power import CHANCE, MOST_ARTICLES, WORTH, Power

HEADS = ("split", "gain in bits", "over", "margin", f"articles for a gain of {WORTH:g} bits")
"""Of the rows of :func:`power_rows`."""

CAPTION = f"The smallest gain and margin that these articles show with probability {CHANCE:g}"


def render_power(power: Mapping[str, Power], form: str) -> str:
    """The table, in tabulate's format ``form``; nothing where nothing is told."""
    if not power:
        return ""
    table = grid(power_rows(power), HEADS, form)
    return f"{CAPTION}:\n\n{table}"


def power_rows(power: Mapping[str, Power]) -> list[list[str]]:
    """A row a split."""
    return [
        [split, number(each.gain), each.rival or "-", number(each.margin), _articles(each)]
        for split, each in power.items()
    ]


def _articles(power: Power) -> str:
    if power.articles is not None:
        return f"{power.articles:,}"
    return "-" if power.gain is None else f"more than {MOST_ARTICLES:,}"
