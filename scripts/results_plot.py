"""The pictures of ``docs/results.md``: what predictors know against how near they come, in one plane.

The raw cosine rewards whoever points at the mean of what may come, and bits reward whoever can tell the
target from its rivals. Drawing one against the other shows that neither follows from the other.
"""

from statistics import fmean
from typing import TYPE_CHECKING, Any

from gatekeeper.render.page.figures import HEIGHT, WIDTH
from gatekeeper.render.page.palette import ACCENT, CONTROLS, INK, MUTED
from gatekeeper.render.page.strokes import legend
from gatekeeper.render.page.svg import Drawing, drawing, to_svg
from gatekeeper.render.rows import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPLIT = "ood"
"""The split that is drawn; val chose the epochs."""

_LEFT_OUT = ("oracle", "random")
"""Controls at the ends of the scale, which would press the others together."""

_LINE = 11.0
"""Units between two labels."""

Point = tuple[float, float]
"""Cosine, and bits."""


def knowledge_plane(world: dict[str, Any], what: str) -> Drawing:
    """Bits against cosine of recipes (means over seeds), controls, and mixtures of ridge and last chunk.

    Args:
        world: what ``scripts/results.py`` collected of a data set.
        what: the data set in words, for the title.
    """
    recipes = {
        name: found
        for name, runs in world["rows"].items()
        if runs[0]["horizon"] == world["horizon"]
        and (found := _mean([run["splits"][SPLIT] for run in runs])) is not None
    }
    controls = {
        name: found
        for name, splits in world["controls"].items()
        if name not in _LEFT_OUT and (found := _mean([splits[SPLIT]])) is not None
    }
    mixtures = [found for each in world["mixtures"] if (found := _mean([each[SPLIT]])) is not None]
    with drawing(WIDTH, HEIGHT + 60) as (figure, axes):
        axes.axhline(0, color=MUTED, linewidth=1)
        if mixtures:
            axes.plot(
                *zip(*mixtures, strict=True), "-", color=INK, linewidth=1.4, marker=".", label="mixtures"
            )
        for name, place in controls.items():
            series = CONTROLS[name]
            axes.plot(
                *place, linestyle="", marker=series.marker, color=series.colour, markersize=7, label=name
            )
        for place in recipes.values():
            axes.plot(*place, linestyle="", marker="o", color=ACCENT, markersize=8, label="recipes")
        axes.set_xlabel(f"mean cosine to the target ({SPLIT})")
        axes.set_ylabel("bits")
        axes.margins(0.14, 0.08)
        legend(figure, axes, first="recipes")
        figure.canvas.draw()
        _name(axes, recipes)
        return to_svg(
            figure,
            name="plane",
            title=f"Bits against cosine on {what}",
            description="; ".join(
                f"{name} has cosine {number(place[0])} and {number(place[1])} bits"
                for name, place in {**recipes, **controls}.items()
            )
            + ".",
        )


def _mean(splits: list[dict[str, float | None]]) -> Point | None:
    cosines, bits = ([split[name] for split in splits] for name in ("cos", "bits"))
    known = [value for value in (*cosines, *bits) if value is not None]
    if len(known) < 2 * len(splits):
        return None
    return fmean(known[: len(splits)]), fmean(known[len(splits) :])


def _name(axes: "Axes", recipes: dict[str, Point]) -> None:
    """Write a name beside each point, from below upwards, each high enough to leave the last one free."""
    taken: list[tuple[float, float]] = []
    for name, place in sorted(recipes.items(), key=lambda item: item[1][1]):
        x, y = axes.transData.transform(place)
        wanted = float(y)
        while any(abs(wanted - other) < _LINE and abs(x - beside) < 5 * _LINE for beside, other in taken):
            wanted += 1
        taken.append((float(x), wanted))
        axes.annotate(
            name,
            place,
            xytext=(9, wanted - float(y)),
            textcoords="offset points",
            color=ACCENT,
            fontsize=11,
            verticalalignment="center",
            arrowprops={"arrowstyle": "-", "color": ACCENT, "linewidth": 0.6},
        )
