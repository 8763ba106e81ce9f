"""How the plots draw what they share: curves of predictors, marks of splits, thresholds, the legend."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gatekeeper.render.page.figures import arms, estimate, reach
from gatekeeper.render.page.palette import ACCENT, INK, PAPER, Series, split_look
from schemas.records.evidence import Metric

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DASHED = (0, (6, 3))
_REQUIRED = "required"


def curve(axes: "Axes", x: Sequence[float], y: Sequence[float], series: Series) -> None:
    """A control's curve: thin, with its own marker and dashes."""
    style: dict[str, Any] = {"linestyle": series.dash, "marker": series.marker, "color": series.colour}
    axes.plot(x, y, **style, markersize=5.5, linewidth=1.3, label=series.label)


def model_curve(axes: "Axes", found: Mapping[int, Metric], label: str) -> None:
    """The model's curve, bold, on the band of its intervals."""
    lows, highs = zip(*(reach(metric) for metric in found.values()), strict=True)
    axes.fill_between(list(found), lows, highs, color=ACCENT, alpha=0.25, linewidth=0)
    axes.plot(
        list(found),
        [estimate(metric) for metric in found.values()],
        color=ACCENT,
        marker="o",
        markersize=7,
        linewidth=2.6,
        label=label,
    )


def bar(axes: "Axes", x: float, metric: Metric, width: float, number: int) -> None:
    """A bar with its interval, in the look of a split."""
    axes.bar(x, estimate(metric), width, **_bar_style(number))
    axes.errorbar([x], [estimate(metric)], yerr=arms(metric), color=INK, linewidth=1.2)


def bar_legend(axes: "Axes", splits: Sequence[str]) -> None:
    """Entries of the legend for :func:`bar`."""
    for number, split in enumerate(splits):
        axes.bar([0], [float("nan")], **_bar_style(number), label=split)


def _bar_style(number: int) -> dict[str, Any]:
    look = split_look(number)
    face = (ACCENT, 0.35) if look.filled else PAPER
    return {"facecolor": face, "edgecolor": ACCENT, "linestyle": look.edge, "linewidth": 1.5}


def point_style(number: int) -> dict[str, Any]:
    """Points of a split, without a line between them."""
    look = split_look(number)
    face = ACCENT if look.filled else PAPER
    shape = {"marker": look.marker, "markerfacecolor": face, "markersize": 6.5}
    return {"color": ACCENT, "linestyle": "", **shape}


def line_style(number: int) -> dict[str, Any]:
    """Points of a split with its line between them."""
    return {**point_style(number), "linestyle": split_look(number).dash, "linewidth": 2}


def required(axes: "Axes", y: float, *, label: str = _REQUIRED) -> None:
    """A dashed line at a threshold."""
    axes.axhline(y, color=INK, linewidth=1.1, linestyle=_DASHED, label=label)


def required_here(axes: "Axes", y: float, left: float, right: float) -> None:
    """The same for one bar."""
    axes.hlines(y, left, right, color=INK, linewidth=1.6, linestyle=(0, (4, 2)), label=_REQUIRED)


def legend(figure: "Figure", axes: "Axes", *, first: str = "") -> None:
    """Below the plot, every label once, ``first`` in front."""
    handles, labels = axes.get_legend_handles_labels()
    entries = {label: handle for handle, label in reversed(list(zip(handles, labels, strict=True)))}
    names = sorted(dict.fromkeys(labels), key=lambda label: label != first)
    figure.legend([entries[name] for name in names], names, loc="outside lower center", ncols=3)
