"""Gate A as a picture: the curve over the offsets, and what the margin costs in cosine."""

from typing import TYPE_CHECKING

from gatekeeper.evaluation.extras import Absent, Extras
from gatekeeper.render.page.figures import (
    HEIGHT,
    WIDTH,
    Plot,
    Table,
    arms,
    cell,
    defined,
    find,
    missing,
    raw,
    splits_of,
    thresholds,
    values,
)
from gatekeeper.render.page.palette import CONTROLS, INK, MODEL, MUTED, Series
from gatekeeper.render.page.strokes import curve, legend, model_curve, required
from gatekeeper.render.page.svg import Drawing, drawing, to_svg
from gatekeeper.render.rows import number
from schemas.records.evidence import Metrics
from schemas.records.metrics import COSINE, MARGIN, OFFSETS
from schemas.records.report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from schemas.records.audit import FrontierOfSplit

_CURVE = {f"offset_sweep.cos@{k:+d}": k for k in OFFSETS}


def offset_sweep(report: Report) -> Plot:
    """Mean cosine at each offset from the target, of the model and of the controls."""
    shown = [split for split in splits_of(report) if defined(report.evidence.model, split, _CURVE)]
    rows = [
        (f"{who} on {split}", *(cell(raw(metrics, split, name)) for name in _CURVE))
        for split in splits_of(report)
        for who, metrics in _predictors(report).items()
    ]
    return Plot(
        key="offset-sweep",
        heading="Offset sweep: which chunk is the prediction closest to?",
        lead="Mean cosine of the prediction with the chunks around the target. A sound model peaks at 0, the "
        "target. The band is the interval of the model.",
        drawings=tuple(_curves(report, split) for split in shown),
        table=Table(
            "Mean cosine by offset from the target", ("", *(f"{k:+d}" for k in OFFSETS)), tuple(rows)
        ),
        absent=missing(report, "offset sweep", _CURVE),
    )


def plane(report: Report, extras: Extras) -> Plot:
    """Margin against cosine: model, controls and the linear frontier."""
    needed = (COSINE, MARGIN)
    shown = [
        split
        for split in splits_of(report)
        if all(find(report.evidence.model, split, name) is not None for name in needed)
    ]
    frontiers = {} if isinstance(extras.frontier, Absent) else extras.frontier
    rows = [
        (f"{who} on {split}", cell(raw(metrics, split, COSINE)), cell(raw(metrics, split, MARGIN)))
        for split in splits_of(report)
        for who, metrics in _predictors(report).items()
    ]
    rows += [
        (f"linear frontier, push {point.alpha:g}, on {split}", cell(point.cos), cell(point.margin))
        for split, frontier in frontiers.items()
        for point in frontier.points
    ]
    absent = (
        *((extras.frontier.sentence,) if isinstance(extras.frontier, Absent) else ()),
        *missing(report, "margin", (MARGIN,)),
        *missing(report, "cosine", (COSINE,)),
    )
    return Plot(
        key="plane",
        heading="Margin against cosine: was the margin bought?",
        lead="A margin can be bought by pointing away from everything, which costs cosine. The linear "
        "frontier is a family of linear models: least squares, pushed away from the target's neighbours "
        "harder and harder. Left of the dotted line a constant prediction does better.",
        drawings=tuple(_plane(report, split, frontiers.get(split)) for split in shown),
        table=Table("Cosine and margin", ("", "cosine to the target", "margin"), tuple(rows)),
        absent=absent,
    )


def _predictors(report: Report) -> dict[str, Metrics]:
    known = {name: report.evidence.controls[name] for name in CONTROLS if name in report.evidence.controls}
    return {"model": report.evidence.model, **known}


def _curves(report: Report, split: str) -> Drawing:
    model = report.evidence.model
    with drawing(WIDTH, HEIGHT + 40) as (figure, axes):
        for name, series in CONTROLS.items():
            curve(axes, OFFSETS, values(report.evidence.controls.get(name, {}), split, _CURVE), series)
        found = {k: metric for name, k in _CURVE.items() if (metric := find(model, split, name)) is not None}
        model_curve(axes, found, MODEL.label)
        axes.axvline(0, color=MUTED, linewidth=1, linestyle=":")
        axes.set_xticks(OFFSETS, [f"{k:+d}" if k else "target" for k in OFFSETS])
        axes.set_xlabel(f"offset from the target ({split})")
        axes.set_ylabel("mean cosine")
        legend(figure, axes, first=MODEL.label)
        return to_svg(
            figure,
            name=f"offsets-{split}",
            title=f"Offset sweep on {split}",
            description=_told(report, split),
        )


def _told(report: Report, split: str) -> str:
    model = report.evidence.model
    curve = {k: found for name, k in _CURVE.items() if (found := find(model, split, name)) is not None}
    best = max(curve, key=lambda k: (curve[k].value or 0.0, -k))
    margin = raw(model, split, MARGIN)
    return (
        f"The mean cosine of the model is highest at offset {best:+d}, with {number(curve[best].value)}. "
        f"The margin of the target over the best other offset is {cell(margin)}."
    )


def _plane(report: Report, split: str, frontier: "FrontierOfSplit | None") -> Drawing:
    model = report.evidence.model
    with drawing(WIDTH, HEIGHT + 60) as (figure, axes):
        if frontier is not None:
            _draw_frontier(axes, frontier)
        for name, series in CONTROLS.items():
            _point(axes, report.evidence.controls.get(name, {}), split, series, size=7)
        _point(axes, model, split, MODEL, size=11)
        constant = find(report.evidence.controls.get("constant", {}), split, COSINE)
        if constant is not None and constant.value is not None:
            axes.axvline(constant.value, color=MUTED, linewidth=1, linestyle=":")
        for bound in thresholds(report, MARGIN, split):
            required(axes, bound)
        axes.set_xlabel(f"mean cosine to the target ({split})")
        axes.set_ylabel("margin")
        axes.margins(0.08, 0.1)
        legend(figure, axes, first=MODEL.label)
        cosine, margin = (cell(raw(model, split, name)) for name in (COSINE, MARGIN))
        beside = "" if frontier is None else f" The linear frontier has {len(frontier.points)} points."
        return to_svg(
            figure,
            name=f"plane-{split}",
            title=f"Margin against cosine on {split}",
            description=f"The model has cosine {cosine} and margin {margin}.{beside}",
        )


def _draw_frontier(axes: "Axes", frontier: "FrontierOfSplit") -> None:
    found = [
        (point.cos.value, point.margin.value)
        for point in frontier.points
        if point.cos.value is not None and point.margin.value is not None
    ]
    if found:
        cosines, margins = zip(*found, strict=True)
        axes.plot(cosines, margins, "-", color=INK, linewidth=1.4, marker=".", label="linear frontier")


def _point(axes: "Axes", metrics: Metrics, split: str, series: Series, *, size: float) -> None:
    cos, margin = find(metrics, split, COSINE), find(metrics, split, MARGIN)
    if cos is None or margin is None or cos.value is None or margin.value is None:
        return
    place = [cos.value], [margin.value]
    axes.errorbar(*place, yerr=arms(margin), xerr=arms(cos), fmt="none", ecolor=series.colour, elinewidth=1.2)
    axes.plot(
        *place, linestyle="", marker=series.marker, color=series.colour, markersize=size, label=series.label
    )
