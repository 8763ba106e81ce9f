"""The pictures of ``docs/results.md``: what predictors know against how near they come, in one plane.

The raw cosine rewards whoever points at the mean of what may come, and bits reward whoever can tell the
target from its rivals. Drawing one against the other shows that neither follows from the other.
"""

from math import hypot, inf
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

_LINE, _NEAR = 12.0, 9.0
"""Units between two names, and between two points that have one name."""

Point = tuple[float, float]
"""Cosine, and bits."""


def knowledge_plane(world: dict[str, Any], what: str) -> Drawing:
    """Bits against cosine of recipes (means over seeds), controls, and mixtures of ridge and last chunk.

    Args:
        world: what ``scripts/results.py`` collected of a data set.
        what: the data set in words, for the title.
    """
    controls = {
        name: found
        for name, splits in world["controls"].items()
        if name not in _LEFT_OUT and (found := _mean([splits[SPLIT]])) is not None
    }
    recipes = {
        name: found
        for name, runs in world["rows"].items()
        if name not in controls
        and runs[0]["horizon"] == world["horizon"]
        and (found := _mean([run["splits"][SPLIT] for run in runs])) is not None
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
        figure.draw_without_rendering()
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
    """Write names beside the points; what lies at one place is named together, and no name hides another."""
    seen = {name: axes.transData.transform(place) for name, place in recipes.items()}
    groups: list[list[str]] = []
    for name in sorted(seen, key=lambda name: float(seen[name][1])):
        near = (group for group in groups if hypot(*(seen[name] - seen[group[0]])) < _NEAR)
        group = next(near, None)
        if group is None:
            groups.append([name])
        else:
            group.append(name)
    middle = float(axes.transAxes.transform((0.5, 0))[0])
    highest = {"left": -inf, "right": -inf}
    for group in groups:
        x, y = map(float, seen[group[0]])
        side = "left" if x < middle else "right"  # where the name is nearest to its point
        highest[side] = max(y, highest[side] + _LINE)
        axes.annotate(
            ", ".join(name for name in recipes if name in group),
            recipes[group[0]],
            xytext=(10 if side == "left" else -10, highest[side] - y),
            textcoords="offset points",
            color=ACCENT,
            fontsize=11,
            horizontalalignment=side,
            verticalalignment="center",
        ).set_in_layout(False)
