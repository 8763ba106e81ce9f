"""What the model knows, as pictures: bits beside those of the controls, and the gain over each of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.render.knowledge import IN_BITS, MODEL, knowledge_heads, knowledge_rows, left_out
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
)
from gatekeeper.render.page.palette import ACCENT, INK, MUTED
from gatekeeper.render.page.strokes import legend, point_style
from gatekeeper.render.page.svg import Drawing, drawing, to_svg
from gatekeeper.render.power import power_rows
from schemas.records.evidence import ORACLE, RIVALS, Metrics
from schemas.records.metrics import BITS_CENTRED, BITS_KNOWN, RANK_SHARE, SPREAD_SHARE
from schemas.records.policy import control_of
from schemas.records.power import CHANCE, WORTH
from schemas.records.report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = {**IN_BITS, SPREAD_SHARE: "spread", RANK_SHARE: "rank"}


@dataclass(frozen=True)
class _Chart:
    """A forest plot: a row a predictor, a point and an interval a split.

    Attributes:
        key: its id. title: what it is called. label: of the axis.
        metric: whose values are drawn. rows: head -> where they stand.
        needed: head and split -> what the policy asks for there.
    """

    key: str
    title: str
    label: str
    metric: str
    rows: Mapping[str, Metrics]
    needed: Mapping[tuple[str, str], float]

    def drawn(self, splits: tuple[str, ...]) -> bool:
        """Whether there is anything to draw."""
        return any(defined(rows, split, (self.metric,)) for rows in self.rows.values() for split in splits)


def knowledge(report: Report) -> Plot:
    """Bits of the model and of every control but the oracle, and what the model gains over each."""
    splits = splits_of(report)
    measured = any(defined(report.evidence.model, split, (BITS_KNOWN,)) for split in splits)
    charts = [chart for chart in _charts(report) if measured and chart.drawn(splits)]
    return Plot(
        key="knowledge",
        heading="What it knows: which chunk comes next, in bits",
        lead="Bits are what the predictions tell of the target among the rows of its article that could be "
        "it: 0 for whoever knows nothing, one more for every halving of the choice. "
        f"{_oracle(report)}A gain is taken window by window; whoever only copies gains nothing over a copy. "
        "Spread and rank compare all predictions with all targets: 1 as the targets, near 0 a collapse."
        f"{_detectable(report)}",
        drawings=tuple(_forest(chart, splits) for chart in charts),
        table=Table(
            "What the model and the controls know",
            tuple(knowledge_heads(report, _COLUMNS)),
            tuple(map(tuple, knowledge_rows(report, _COLUMNS))),
        ),
        absent=(
            *missing(report, "figure in bits", (BITS_KNOWN,)),
            *(f"{line[0].upper()}{line[1:]}." for line in left_out(report)),
        ),
    )


def known_by_controls(report: Report) -> Plot:
    """Bits of every control but the oracle, where there is no model yet."""
    rows = {name: report.evidence.controls[name] for name in RIVALS if name in report.evidence.controls}
    chart = _Chart("controls", "Bits known", "bits", BITS_KNOWN, rows, {})
    splits = splits_of(report)
    return Plot(
        key="controls",
        heading="What simple predictors know: which chunk comes next, in bits",
        lead="Bits are what the predictions tell of the target among the rows of its article that could be "
        f"it: 0 for whoever knows nothing, one more for every halving of the choice. {_oracle(report)}",
        drawings=(_forest(chart, splits),),
        table=Table(
            "What the controls know",
            ("", *splits),
            tuple((name, *(cell(raw(rows[name], split, BITS_KNOWN)) for split in splits)) for name in rows),
        ),
    )


def _detectable(report: Report) -> str:
    """What these articles could show, split by split."""
    told = [
        f"a gain of {gain} bits over {rival} and a margin of {margin} on {split} (a gain of {WORTH:g} bits "
        f"needs {articles} articles)"
        for split, gain, rival, margin, articles in power_rows(report.evidence.power)
        if gain != "-"
    ]
    return f" With probability {CHANCE:g} these articles show {'; '.join(told)}." if told else ""


def _charts(report: Report) -> tuple[_Chart, ...]:
    evidence = report.evidence
    rivals = {name: evidence.controls.get(name, {}) for name in RIVALS}
    all_rows = {MODEL: evidence.model, **rivals}
    gains = {name: evidence.gains.get(name, {}) for name in RIVALS}
    return (
        _Chart("bits", "Bits known", "bits", BITS_KNOWN, all_rows, {}),
        _Chart("centred", "Bits known once the mean row is subtracted", "bits", BITS_CENTRED, all_rows, {}),
        _Chart("gains", "Gain over each control", "gain in bits", BITS_KNOWN, gains, _needed(report)),
    )


def _needed(report: Report) -> dict[tuple[str, str], float]:
    """Control and split -> the least gain in bits that the policy asks for."""
    found = {}
    for check in report.judgement.checks:
        name = control_of(check.gate)
        bounds = [bound for bound in (check.minimum, check.above) if bound is not None]
        if name is not None and check.metric == BITS_KNOWN and bounds:
            found[name, check.split] = max(bounds)
    return found


def _oracle(report: Report) -> str:
    """What can be known at most, split by split."""
    metrics = report.evidence.controls.get(ORACLE, {})
    told = [
        f"{cell(found)} on {split}"
        for split in splits_of(report)
        if (found := find(metrics, split, BITS_KNOWN)) is not None
    ]
    return f"The oracle, which is not drawn, knows {' and '.join(told)}. " if told else ""


def _forest(chart: _Chart, splits: tuple[str, ...]) -> Drawing:
    apart = 0.9 / (len(splits) + 1)
    told = []
    with drawing(WIDTH, HEIGHT + 80) as (figure, axes):
        axes.axvline(0, color=MUTED, linewidth=1)
        if MODEL in chart.rows:
            axes.axhspan(-0.5, 0.5, color=ACCENT, alpha=0.12, linewidth=0)
        for row, name in enumerate(chart.rows):
            for number, split in enumerate(splits):
                y = row + (number - (len(splits) - 1) / 2) * apart
                _point(axes, chart, name, split, y, number)
                told.append(f"{name} on {split} {cell(raw(chart.rows[name], split, chart.metric))}")
        axes.set_yticks(range(len(chart.rows)), chart.rows)
        axes.set_ylim(len(chart.rows) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        axes.locator_params(axis="x", nbins=6)
        axes.set_xlabel(chart.label)
        legend(figure, axes)
        return to_svg(
            figure,
            name=f"knowledge-{chart.key}",
            title=chart.title,
            description=f"{'; '.join(told)}.",
        )


def _point(axes: "Axes", chart: _Chart, name: str, split: str, y: float, number: int) -> None:
    if (name, split) in chart.needed:
        bound = chart.needed[name, split]
        axes.plot([bound], [y], "|", color=INK, markersize=11, markeredgewidth=2, label="required")
    found = find(chart.rows[name], split, chart.metric)
    if found is not None and found.value is not None:
        axes.errorbar([found.value], [y], xerr=arms(found), fmt="none", ecolor=ACCENT, elinewidth=1.6)
        axes.plot([found.value], [y], **point_style(number), label=split)
