"""``gatekeeper data info``: what is in a bank or a data set."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import click

from gatekeeper.cli.command import command
from gatekeeper.cli.data_argument import data_argument
from gatekeeper.cli.options import config_option, key_options, tell
from gatekeeper.cli.progress import working
from gatekeeper.cli.types import NAMED, Choice
from gatekeeper.cli.voice import show, show_json
from gatekeeper.config.bank_keys import BankKeys
from schemas.errors import DataError
from schemas.reading.codec import encode


@command("info")
@data_argument("[BANK]")
@click.option("--bank", type=NAMED, metavar="PATH", help="The same as BANK.")
@config_option
@click.option("--format", "form", type=Choice(("table", "json")), default="table", help="[table].")
@key_options
def info_command(
    bank: str | None, config: Path | None, form: Literal["table", "json"], keys: BankKeys
) -> None:
    """Say what is in BANK (*.npz, a data set folder or bundled:NAME); without one in the configured data.

    Sizes, chunks an article, norms, duplicates, gaps in the chunk index, rows of NaN or zeros,
    similarity by distance, splits and what they share.

    Exit codes: 0 done, 2 usage error, 3 the file is unusable (what is wrong with it is listed).
    """
    from gatekeeper.config.file import resolve_config
    from gatekeeper.config.window import settle_window
    from gatekeeper.data.audit.defects import Defect, find_defects
    from gatekeeper.data.audit.survey import survey
    from gatekeeper.data.source import open_source
    from gatekeeper.render.survey import render_defects, render_survey

    settings = resolve_config(config, {"bank": bank, **keys.settings()})
    defects: tuple[Defect, ...] = ()
    norms = None
    file = settings.data.bank
    if isinstance(file, Path) and file.is_file():
        with working("reading the bank"):
            defects, norms = find_defects(file, settings.data.keys)
        if any(defect.fatal for defect in defects):
            show(render_defects(defects))
            raise DataError(f"{file} is no bank as it is: {', '.join(defect.kind for defect in defects)}")
    with working("reading the data"):
        source = open_source(settings)
    tell(source.notes)
    with working("surveying the data"):
        found = survey(
            source.bank,
            {**{name: source.articles(name) for name in source.splits}, **source.spare},
            settle_window(*([source.window] if source.window.context else settings.window_claims())).window,
            norms=norms,
        )
    found = replace(found, defects=defects)
    if form == "json":
        show_json(encode(found, where="survey"))
    else:
        show(render_survey(found))
