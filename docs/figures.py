"""Draws the pictures of the documentation, from evaluations of bundled and synthetic data, and the results.

``python -m docs.figures [FOLDER]`` writes ``docs/figures/*.svg``. They are the plots of the report page,
with the page's colour variables, which ``assets/site.css`` defines for both of the site's schemes.
"""

import contextlib
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from gatekeeper.cli.app import cli
from gatekeeper.config.file import resolve_config
from gatekeeper.data.source import open_source
from gatekeeper.evaluation.extras import Absent, Extras
from gatekeeper.evaluation.illustrations import find_frontier
from gatekeeper.render.page.ablations import ablations
from gatekeeper.render.page.bins import bins
from gatekeeper.render.page.offsets import offset_sweep, plane
from gatekeeper.render.page.retrieval import retrieval
from gatekeeper.render.page.rollout import rollout
from gatekeeper.render.page.svg import Drawing
from gates.contracts import Window
from gates.options import Options
from gates.suite import prepare
from schemas.reading.report import read_report
from schemas.records.audit import FrontierOfSplit
from schemas.records.report import Report
from scripts.results_plot import knowledge_plane

FOLDER = Path(__file__).parent / "figures"

RESULTS = Path(__file__).parent.resolve() / "results.json"
"""What ``make results`` measured."""

WINDOWS = 1_000
"""So many of val and of ood of the speeches are evaluated."""

_ABSENT = Absent("not drawn here")


def main(folder: Path) -> None:
    """Write all pictures into a folder."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as work, contextlib.chdir(work):
        for name, drawing in drawings():
            # Ids are unique within one report's page; here several reports share a page.
            ids = re.findall(r' id="([^"]+)"', drawing.markup)
            text = drawing.markup
            for each in sorted(ids, key=len, reverse=True):
                text = re.sub(rf'(?<=["#]){re.escape(each)}(?=["\)])', f"{name}-{each}", text)
            (folder / f"{name}.svg").write_text(f'<figure class="plot">{text}</figure>\n', encoding="utf-8")


def drawings() -> Iterator[tuple[str, Drawing]]:
    """Name of the file -> the picture; works in the current folder."""
    for world in ("forward", "trap"):
        _run("data", "synth", world, "--out", world)
    speeches = _evaluate("control:ridge", "--max-samples", str(WINDOWS))
    forward = _evaluate("forward/best.pt", "--config", "forward/gatekeeper.toml")
    least_squares = _evaluate("trap/least_squares.pt", "--config", "trap/gatekeeper.toml")
    best = _evaluate("trap/best.pt", "--config", "trap/gatekeeper.toml")
    yield "offsets-forward", _first(offset_sweep(forward).drawings)
    yield "offsets-speeches", _first(offset_sweep(speeches).drawings)
    yield "offsets-trap-least-squares", _first(offset_sweep(least_squares).drawings)
    yield "offsets-trap-best", _first(offset_sweep(best).drawings)
    yield "retrieval-speeches", _first(retrieval(speeches).drawings)
    yield "retrieval-forward", _first(retrieval(forward).drawings)
    yield "ablations-forward", _first(ablations(forward).drawings)
    yield "ablations-speeches", _first(ablations(speeches).drawings)
    yield "rollout-forward", _first(rollout(forward).drawings)
    yield "rollout-speeches", _first(rollout(speeches).drawings)
    yield "bins-speeches", _first(bins(speeches).drawings)
    yield "plane-speeches", _plane(speeches, Path())
    yield "plane-trap", _plane(best, Path("trap/gatekeeper.toml"))
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    yield "results-trap", knowledge_plane(results["trap"], "the trap world")
    yield "results-speeches", knowledge_plane(results["speeches"], "the speeches")
    yield "results-novels", knowledge_plane(results["bundled:books"], "five novels")
    yield "results-books", knowledge_plane(results["books"], "books by other authors")


def _first(found: tuple[Drawing, ...]) -> Drawing:
    """Of val, or of the article pool."""
    return found[0]


def _plane(report: Report, config: Path) -> Drawing:
    frontier = _frontier(report, config)
    return _first(plane(report, Extras(frontier=frontier, windows=_ABSENT, training=_ABSENT)).drawings)


def _frontier(report: Report, config: Path) -> Mapping[str, FrontierOfSplit] | Absent:
    source = open_source(resolve_config(config if config.name else None, {}))
    dataset = source.dataset(Window(report.settings.context, report.settings.horizon))
    return find_frontier(prepare(dataset, Options(max_samples=report.settings.max_samples), lambda _: None))


def _evaluate(model: str, *flags: str) -> Report:
    _run("eval", model, *flags, "--report", "report.json")
    return read_report("report.json")


def _run(*arguments: str) -> None:
    """Run a command of gatekeeper; what it prints is of no interest here."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as told:
        code = cli.main(list(arguments), standalone_mode=False)
    if code not in (None, 0, 1):
        raise SystemExit(f"gatekeeper {' '.join(arguments)} exits with {code}: {told.getvalue()}")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else FOLDER)
