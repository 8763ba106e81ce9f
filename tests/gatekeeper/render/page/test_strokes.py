"""Every split has a look of its own, in points, curves and bars, whatever colours a reader can tell apart."""

import itertools
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from gatekeeper.evaluation.extras import Absent, Training
from gatekeeper.render.page.ablations import ablations
from gatekeeper.render.page.bins import bins
from gatekeeper.render.page.figures import Plot
from gatekeeper.render.page.retrieval import retrieval
from gatekeeper.render.page.strokes import bar, line_style, point_style
from gatekeeper.render.page.svg import drawing, to_svg
from gatekeeper.render.page.training import training_plots
from schemas.records.evidence import Evidence, Metric, Metrics
from schemas.records.report import Report
from tests.gatekeeper.render.page import pages
from tests.schemas import histories

LOOKS = 8
METRIC = Metric(0.5, 0.4, 0.6, 300, 20)


def curve_look(number: int) -> tuple[str, ...]:
    with drawing(200, 100) as (figure, axes):
        axes.plot([0, 1], [0, 1], **line_style(number))
        return strokes(to_svg(figure, name="x", title="", description="").markup)


def point_look(number: int) -> tuple[str, ...]:
    with drawing(200, 100) as (figure, axes):
        axes.plot([0], [0], **point_style(number))
        return strokes(to_svg(figure, name="x", title="", description="").markup)


def bar_look(number: int) -> tuple[str, ...]:
    with drawing(200, 100) as (figure, axes):
        bar(axes, 0, METRIC, 1, number)
        return strokes(to_svg(figure, name="x", title="", description="").markup)


def strokes(markup: str) -> tuple[str, ...]:
    """What is drawn in the colour of the splits: shapes of markers, dashes, fillings."""
    return tuple(re.findall(r'<(?:path|use) [^>]*stroke="var\(--accent\)"[^>]*>', markup))


@pytest.mark.parametrize("look", [curve_look, point_look, bar_look])
def test_eight_splits_look_different(look: Callable[[int], tuple[str, ...]]) -> None:
    looks = [look(number) for number in range(LOOKS)]
    assert all(looks)
    for one, other in itertools.combinations(looks, 2):
        assert one != other
    assert look(LOOKS) == looks[0]


def with_splits(*names: str) -> Report:
    """A report with further splits, each measured like val."""
    report = pages.report_of()

    def more(metrics: Metrics) -> Metrics:
        return {**metrics, **dict.fromkeys(names, metrics["val"])}

    controls = {name: more(metrics) for name, metrics in report.evidence.controls.items()}
    return replace(report, evidence=Evidence(more(report.evidence.model), controls))


def bars(plot: Plot) -> set[tuple[str, ...]]:
    """Fillings and edges of the bars of a plot."""
    found = re.findall(r'<path [^>]*fill="var[^>]*stroke="var\(--accent\)"[^>]*>', plot.drawings[0].markup)
    return {tuple(re.findall(r'(?:fill|fill-opacity|stroke-dasharray)="[^"]*"', each)) for each in found}


def markers(markup: str) -> set[str]:
    """Shapes of the markers in the colour of the splits, but for the caps of intervals."""
    shapes = re.findall(r'<path d="([^"]*)" id="[^"]*"[^>]*stroke="var\(--accent\)"', markup)
    return {shape for shape in shapes if "z" in shape}


@pytest.mark.parametrize("names", [(), ("books",), ("books", "talks")])
def test_the_gates_show_every_split_in_a_look_of_its_own(names: tuple[str, ...]) -> None:
    report = with_splits(*names)
    count = 2 + len(names)
    assert len(bars(retrieval(report))) == count
    assert len(bars(bins(report))) == count
    assert len(markers(ablations(report).drawings[0].markup)) == count


def test_the_training_shows_every_split_in_a_look_of_its_own() -> None:
    epoch = histories.epoch(1, val={"cos": 0.4}, ood={"cos": 0.3})
    assert epoch.mini is not None
    splits = {**epoch.mini.splits, "books": histories.split({"cos": 0.2})}
    history = histories.history(replace(epoch, mini=replace(epoch.mini, splits=splits)))
    plot = training_plots(Training(history, Absent("No ramp.")))
    drawn = next(each.markup for each in plot.drawings if "cosine" in each.title)
    assert len(markers(drawn)) == 3
