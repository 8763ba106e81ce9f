"""``--html FILE``: where a page goes, and writing it."""

import os
from pathlib import Path

import click

from gatekeeper.cli.types import OUTPUT
from gatekeeper.cli.voice import warn
from gatekeeper.evaluation.extras import Extras
from schemas.disk.atomic import write_text
from schemas.disk.room import check_room
from schemas.errors import OutputError, UsageError
from schemas.records.report import Report
from schemas.text import printable

html_option = click.option("--html", type=OUTPUT, help="Also write the report as one HTML page.")


def check_page_target(page: Path, *, made: Path | None = None) -> None:
    """Refuse, before any work is done, a page that could not be written.

    Args:
        page: where it goes.
        made: a folder that the command itself makes.

    Raises:
        UsageError: its name does not end in .html.
        OutputError: it cannot be written.
    """
    if page.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--html writes an HTML page, so its name must end in .html; found {page}")
    check_room(page)
    if page.exists() and not page.is_file():
        raise OutputError(f"the page {page} exists and is no regular file; name another")
    if made is not None and page.parent.resolve() == made.resolve():
        return
    if not (page.parent.is_dir() and os.access(page.parent, os.W_OK)):
        raise OutputError(f"the page's folder {page.parent} does not exist or cannot be written")


def write_page(report: Report, extras: Extras, page: Path, *, own: int = 0) -> None:
    """Write the page and say where on stderr.

    Args:
        report: what is shown.
        extras: what is shown besides.
        page: where it goes.
        own: 1 where nobody named it (:func:`schemas.disk.atomic.write_stream`).

    Raises:
        OutputError: the file cannot be written.
    """
    from gatekeeper.cli.progress import working

    with working("drawing the page"):
        from gatekeeper.render.page.page import render_page

        text = render_page(report, extras)
    write_text(page, text, own=own)
    warn(f"page: {printable(str(page))}")
