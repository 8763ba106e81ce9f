"""Gate D as pictures: the cosine step by step."""

from gatekeeper.render.page.figures import (
    HEIGHT,
    WIDTH,
    Plot,
    Table,
    cell,
    defined,
    find,
    missing,
    raw,
    splits_of,
    thresholds,
    values,
)
from gatekeeper.render.page.palette import CONTROLS, MODEL
from gatekeeper.render.page.strokes import curve, legend, model_curve, required
from gatekeeper.render.page.svg import Drawing, drawing, to_svg
from schemas.records.metrics import ROLLOUT_STEPS
from schemas.records.report import Report

_STEPS = {f"rollout.cos@{step}": step for step in range(1, ROLLOUT_STEPS + 1)}
_ROLLED = ("copy_last", "mean_context")


def rollout(report: Report) -> Plot:
    """Mean cosine at each free-running step, beside copying and averaging."""
    splits = splits_of(report)
    shown = [split for split in splits if defined(report.evidence.model, split, _STEPS)]
    names = (*_STEPS, "rollout.avg_cos")
    rows = [
        (f"{who} on {split}", *(cell(raw(metrics, split, name)) for name in names))
        for split in splits
        for who, metrics in (
            ("model", report.evidence.model),
            *((name, report.evidence.controls.get(name, {})) for name in _ROLLED),
        )
    ]
    heads = ("", *(f"step {step}" for step in _STEPS.values()), "mean of the steps")
    return Plot(
        key="rollout",
        heading="Rollout: how fast does it decay when it feeds on itself?",
        lead="Mean cosine with the true chunk at each free-running step. The dashed line is the policy's "
        "threshold for the mean of all steps.",
        drawings=tuple(_decay(report, split) for split in shown),
        table=Table("Mean cosine by free-running step", heads, tuple(rows)),
        absent=missing(report, "rollout", _STEPS),
    )


def _decay(report: Report, split: str) -> Drawing:
    model = report.evidence.model
    with drawing(WIDTH, HEIGHT) as (figure, axes):
        for name in _ROLLED:
            found = values(report.evidence.controls.get(name, {}), split, _STEPS)
            curve(axes, list(_STEPS.values()), found, CONTROLS[name])
        steps = {k: metric for name, k in _STEPS.items() if (metric := find(model, split, name)) is not None}
        model_curve(axes, steps, MODEL.label)
        for bound in thresholds(report, "rollout.avg_cos", split):
            required(axes, bound, label="required mean")
        axes.set_xticks(list(_STEPS.values()))
        axes.set_xlabel(f"free-running step ({split})")
        axes.set_ylabel("mean cosine")
        legend(figure, axes, first=MODEL.label)
        told = "; ".join(f"step {step} {cell(metric)}" for step, metric in steps.items())
        return to_svg(
            figure,
            name=f"rollout-{split}",
            title=f"Rollout on {split}",
            description=f"Mean cosine of the model: {told}.",
        )
