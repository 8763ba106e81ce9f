"""Gate C as a picture: what damage to the context costs."""

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
)
from gatekeeper.render.page.palette import ACCENT, INK, MUTED
from gatekeeper.render.page.strokes import legend, point_style
from gatekeeper.render.page.svg import Drawing, drawing, to_svg
from schemas.records.metrics import ABLATIONS
from schemas.records.report import Report


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
                told.append(f"{name} on {split} {cell(raw(model, split, full))}")
        axes.set_yticks(range(len(ABLATIONS)), ABLATIONS)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.locator_params(axis="x", nbins=6)
        axes.set_xlabel("change of cosine to the target")
        legend(figure, axes)
        return to_svg(figure, name="ablations-forest", title="Change of cosine by ablation",
                      description=f"{'; '.join(told)}.")  # fmt: skip
