"""Gates B to E as pictures."""

from typing import TYPE_CHECKING

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
    reach,
    splits_of,
    thresholds,
    values,
)
from gatekeeper.render.page.palette import ACCENT, CONTROLS, INK, MODEL, MUTED
from gatekeeper.render.page.strokes import (
    bar,
    bar_legend,
    curve,
    legend,
    model_curve,
    point_style,
    required,
    required_here,
)
from gatekeeper.render.page.svg import Drawing, drawing, to_svg
from schemas.records.metrics import ABLATIONS, BINS, POOLS, RECALL_AT, ROLLOUT_STEPS
from schemas.records.report import Report
from schemas.records.splits import PAIR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POOL_NAMES = {
    "article": "within the article",
    "article_unseen": "within the article, context left out",
    "bank": "in the whole bank",
    "bank_unseen": "in the whole bank, context left out",
}
_POOL_ORDER = tuple(sorted(POOLS, key=list(_POOL_NAMES).index))
_STEPS = {f"rollout.cos@{step}": step for step in range(1, ROLLOUT_STEPS + 1)}
_ROLLED = ("copy_last", "mean_context")
_BIN_NAMES = tuple(f"bins_delta.{name}.cos" for name in BINS)


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
    return f"R@{k} on {split} is {cell(found)}, chance {cell(chance)}"


def ablations(report: Report) -> Plot:
    """Change of the cosine when the context is damaged, as a forest plot."""
    names = tuple(f"ablations.{name}" for name in ABLATIONS)
    model, splits = report.evidence.model, splits_of(report)
    shown = [split for split in splits if defined(model, split, names)]
    rows = [
        (name, *(cell(raw(model, split, f"ablations.{name}")) for split in splits), _asked(report, name))
        for name in ABLATIONS
    ]
    return Plot(
        key="ablations",
        heading="Ablations: does the model need its context?",
        lead="Change of the cosine to the target when the context is damaged, with its interval. A model "
        "that reads its context loses cosine: its points lie left of zero.",
        drawings=(_forest(report, tuple(shown)),) if shown else (),
        table=Table("Change of cosine by ablation", ("", *splits, "threshold"), tuple(rows)),
        absent=missing(report, "ablation", names),
    )


def _asked(report: Report, name: str) -> str:
    bounds = dict.fromkeys(
        f"{bound:g}"
        for split in splits_of(report)
        for bound in thresholds(report, f"ablations.{name}", split)
    )
    return ", ".join(bounds) or "none"


def _forest(report: Report, splits: tuple[str, ...]) -> Drawing:
    model = report.evidence.model
    told = []
    apart = 0.9 / (len(splits) + 1)
    with drawing(WIDTH, HEIGHT + 20) as (figure, axes):
        axes.axvline(0, color=MUTED, linewidth=1)
        for row, name in enumerate(ABLATIONS):
            for number, split in enumerate(splits):
                y = row + (number - (len(splits) - 1) / 2) * apart
                full = f"ablations.{name}"
                for bound in thresholds(report, full, split):
                    axes.plot(
                        [bound], [y], "|", color=INK, markersize=13, markeredgewidth=2, label="threshold"
                    )
                found = find(model, split, full)
                if found is not None and found.value is not None:
                    axes.errorbar(
                        [found.value], [y], xerr=arms(found), fmt="none", ecolor=ACCENT, elinewidth=1.6
                    )
                    axes.plot([found.value], [y], **point_style(number), label=split)
                told.append(f"{name} on {split} {cell(found)}")
        axes.set_yticks(range(len(ABLATIONS)), ABLATIONS)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.locator_params(axis="x", nbins=6)
        axes.set_xlabel("change of cosine to the target")
        legend(figure, axes)
        return to_svg(figure, name="ablations-forest", title="Change of cosine by ablation",
                      description=f"{'; '.join(told)}.")  # fmt: skip


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


def bins(report: Report) -> Plot:
    """Mean cosine by coherence of the context, with counts."""
    model, splits = report.evidence.model, splits_of(report)
    low, high = report.settings.bin_edges
    shown = [split for split in splits if defined(model, split, _BIN_NAMES)]
    rows = []
    for name, full in zip((*BINS, "all"), (*_BIN_NAMES, "bins_delta.cos"), strict=True):
        found = [raw(model, split, full) for split in splits]
        counts = ("0" if each is None else str(each.n) for each in found)
        delta = raw(model, PAIR, full.removesuffix("cos") + "delta")
        rows.append((name, *counts, *(cell(each) for each in found), cell(delta)))
    heads = ("", *(f"windows on {split}" for split in splits), *(f"cosine on {split}" for split in splits),
             "difference val to ood")  # fmt: skip
    return Plot(
        key="bins",
        heading="Coherence bins: does it hold on other text?",
        lead="Mean cosine to the target by the coherence of the context, which is the mean cosine of its "
        f"adjacent chunks: low below {low:g}, high above {high:g}. n counts the windows of a bin.",
        drawings=(_bin_bars(report, tuple(shown)),) if shown else (),
        table=Table("Windows and mean cosine by bin", heads, tuple(rows)),
        absent=missing(report, "figure by bin", _BIN_NAMES),
    )


def _bin_bars(report: Report, splits: tuple[str, ...]) -> Drawing:
    model = report.evidence.model
    width = 0.8 / len(splits)
    told = []
    with drawing(WIDTH, HEIGHT) as (figure, axes):
        axes.axhline(0, color=MUTED, linewidth=1)
        bar_legend(axes, splits)
        for place, (name, full) in enumerate(zip(BINS, _BIN_NAMES, strict=True)):
            for number, split in enumerate(splits):
                x = place + (number - (len(splits) - 1) / 2) * width
                found, every = find(model, split, full), raw(model, split, full)
                if found is not None:
                    bar(axes, x, found, width * 0.86, number)
                top = 0.0 if found is None else max(0.0, reach(found)[1])
                count = f"n {0 if every is None else every.n}"
                axes.annotate(
                    count, (x, top), xytext=(0, 4), textcoords="offset points", ha="center", fontsize=11
                )
                told.append(f"{name} on {split}: {count}, {cell(every)}")
        axes.set_xticks(range(len(BINS)), BINS)
        axes.set_xlim(-0.55, len(BINS) - 0.45)
        axes.grid(visible=False, axis="x")
        axes.margins(y=0.15)
        axes.set_xlabel("coherence of the context")
        axes.set_ylabel("mean cosine to the target")
        legend(figure, axes)
        return to_svg(
            figure,
            name="bins-bars",
            title="Mean cosine by coherence bin",
            description=f"{'; '.join(told)}.",
        )
