"""Gate B as pictures: recall in every pool, beside chance."""

from typing import TYPE_CHECKING

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
)
from gatekeeper.render.page.palette import MUTED
from gatekeeper.render.page.strokes import bar, bar_legend, legend, required_here
from gatekeeper.render.page.svg import Drawing, drawing, to_svg
from schemas.records.metrics import CHANCE_SEED_POOL, POOLS, RECALL_AT, RECALL_SEED_POOL
from schemas.records.report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POOL_NAMES = {
    "article": "within the article",
    "article_unseen": "within the article, context left out",
    "bank": "in the whole bank",
    "bank_unseen": "in the whole bank, context left out",
}
_SEED_POOL = "among target and context, as the seed counts"
_POOL_ORDER = tuple(sorted(POOLS, key=list(_POOL_NAMES).index))


def retrieval(report: Report) -> Plot:
    """R@k of every pool with the chance level of each."""
    splits = splits_of(report)
    names = {pool: tuple(f"retrieval.{pool}.r@{k}" for k in RECALL_AT) for pool in POOLS}
    every = tuple(name for pool in POOLS for name in names[pool])
    model = report.evidence.model
    shown = [pool for pool in _POOL_ORDER if any(defined(model, split, names[pool]) for split in splits)]
    rows = [
        (
            f"{_POOL_NAMES[pool]}, {split}",
            *(
                cell(raw(model, split, f"retrieval.{pool}.{what}@{k}"))
                for k in RECALL_AT
                for what in ("r", "chance")
            ),
            cell(raw(model, split, f"retrieval.{pool}.mrr")),
            cell(raw(model, split, f"retrieval.{pool}.median_rank")),
        )
        for pool in _POOL_ORDER
        for split in splits
    ]
    rows += [_seed_row(report, split) for split in splits]
    heads = (f"{what}@{k}" for k in RECALL_AT for what in ("R", "chance"))
    return Plot(
        key="retrieval",
        heading="Retrieval: is the target found among its rivals?",
        lead="Share of windows whose target is among the k chunks closest to the prediction, with its "
        "interval. The thick line across each bar is what chance reaches on the same windows.",
        drawings=tuple(_recall_bars(report, pool) for pool in shown),
        table=Table("Retrieval by pool", ("", *heads, "mean reciprocal rank", "median rank"), tuple(rows)),
        absent=missing(report, "retrieval", every),
    )


def _seed_row(report: Report, split: str) -> tuple[str, ...]:
    """The seed's own figure, which has its R@5 only."""
    metrics = report.evidence.model
    figures = {
        "R@5": cell(raw(metrics, split, RECALL_SEED_POOL)),
        "chance@5": cell(raw(metrics, split, CHANCE_SEED_POOL)),
    }
    heads = (f"{what}@{k}" for k in RECALL_AT for what in ("R", "chance"))
    return f"{_SEED_POOL}, {split}", *(figures.get(head, "") for head in heads), "", ""


def _recall_bars(report: Report, pool: str) -> Drawing:
    splits = splits_of(report)
    width = 0.76 / len(splits)
    told = []
    with drawing(WIDTH, HEIGHT) as (figure, axes):
        bar_legend(axes, splits)
        for place, k in enumerate(RECALL_AT):
            for number, split in enumerate(splits):
                x = place + (number - (len(splits) - 1) / 2) * width
                told.append(_recall_bar(axes, report, f"retrieval.{pool}", k, split, number, x, width))
        axes.set_xticks(range(len(RECALL_AT)), [f"R@{k}" for k in RECALL_AT])
        axes.set_xlim(-0.55, len(RECALL_AT) - 0.45)
        axes.set_ylim(0, min(1.05, 1.08 * axes.get_ylim()[1]))
        axes.grid(visible=False, axis="x")
        axes.set_xlabel(_POOL_NAMES[pool])
        axes.set_ylabel("share of windows")
        legend(figure, axes)
        return to_svg(
            figure,
            name=f"retrieval-{pool.replace('_', '-')}",
            title=f"Retrieval {_POOL_NAMES[pool]}",
            description=f"{'; '.join(told)}.",
        )


def _recall_bar(
    axes: "Axes", report: Report, pool: str, k: int, split: str, number: int, x: float, width: float
) -> str:
    model = report.evidence.model
    found, chance = find(model, split, f"{pool}.r@{k}"), find(model, split, f"{pool}.chance@{k}")
    left, right = x - width / 2, x + width / 2
    if found is not None:
        bar(axes, x, found, width * 0.86, number)
    if chance is not None and chance.value is not None:
        axes.hlines(chance.value, left, right, color=MUTED, linewidth=4, label="chance")
    for bound in thresholds(report, f"{pool}.r@{k}", split):
        required_here(axes, bound, left, right)
    told = cell(raw(model, split, f"{pool}.r@{k}"))
    return f"R@{k} on {split} is {told}, chance {cell(chance)}"
