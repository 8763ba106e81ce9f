"""``gatekeeper report``: look at a report again, as ``eval`` prints it, in full or as a page."""

import sys
import webbrowser
from pathlib import Path

import click

from gatekeeper.cli.command import command
from gatekeeper.cli.page import check_page_target, write_page
from gatekeeper.cli.terminal import full_asked, full_option, painted
from gatekeeper.cli.types import FILE, OUTPUT
from gatekeeper.cli.voice import show, warn
from gatekeeper.config.outputs import Output, refuse_overwriting
from gatekeeper.evaluation.companions import with_companions
from gatekeeper.evaluation.extras import Absent, Extras
from gatekeeper.render.table import render_table
from gatekeeper.render.verdict import render_brief, whereabouts
from schemas.reading.report import read_report
from schemas.text import printable

_AGAIN = "a report does not hold it; gatekeeper eval MODEL --html FILE computes it while the data are loaded."


@command("report")
@click.argument("report", type=FILE)
@click.option("--html", type=OUTPUT, help="Write the report as one HTML page instead of printing it.")
@click.option(
    "--open", "opening", is_flag=True, help="Open the page in the browser [of REPORT.html beside it]."
)
@full_option
def report_command(report: Path, html: Path | None, opening: bool) -> None:
    """Print REPORT as eval does, or write it as a page.

    The page is one self-contained HTML file. It shows the history of the training too where that lies
    beside REPORT. With --open and without --html the page goes beside REPORT, its name ending in .html.

    This command decides nothing: it exits with 0 for a blocked model as well. For a decision, use
    gatekeeper check.

    Exit codes: 0 shown, 2 usage error, 3 the report is broken or the page cannot be written.
    """
    found = read_report(report)
    page = html or (report.with_suffix(".html") if opening else None)
    if page is None:
        text = (
            render_table(found) if full_asked() else render_brief(found, tail=whereabouts(found, str(report)))
        )
        show(painted(text, sys.stdout))
        return
    # Only here: the table needs nothing of it, and shall be there at once.
    from gatekeeper.training.folder import CONFIG_FILE
    from gatekeeper.training.history import find_run, find_training
    from schemas.records.history import HISTORY_FILE

    check_page_target(page)
    beside = (report.with_name(name) for name in (HISTORY_FILE, CONFIG_FILE))
    refuse_overwriting([Output("page", page, own=html is None)], (*with_companions(report), *beside))
    extras = Extras(
        frontier=Absent(f"The linear frontier is not drawn: {_AGAIN}"),
        windows=Absent(f"The best and worst windows are not shown as text: {_AGAIN}"),
        training=find_training(report.parent, found),
        run=find_run(report.parent, found),
    )
    write_page(found, extras, page, own=int(html is None))
    if opening and not webbrowser.open(page.resolve().as_uri()):
        warn(f"note: no browser could be started; open {printable(str(page))} yourself")
