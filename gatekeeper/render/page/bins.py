"""Gate E as a picture: the cosine by coherence of the context."""

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
    reach,
    splits_of,
)
from gatekeeper.render.page.palette import MUTED
from gatekeeper.render.page.strokes import bar, bar_legend, legend
from gatekeeper.render.page.svg import Drawing, drawing, to_svg
from schemas.records.metrics import BINS
from schemas.records.report import Report
from schemas.records.splits import PAIR

_BIN_NAMES = tuple(f"bins_delta.{name}.cos" for name in BINS)


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
