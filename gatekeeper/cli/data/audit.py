"""``gatekeeper data audit``: what the data can teach, and what can be decided on it."""

from pathlib import Path
from typing import Literal

import click

from gatekeeper.cli.command import command
from gatekeeper.cli.data_argument import data_argument
from gatekeeper.cli.knobs import with_options
from gatekeeper.cli.options import data_flags, tell
from gatekeeper.cli.progress import working
from gatekeeper.cli.types import Choice
from gatekeeper.cli.voice import show, show_json
from schemas.errors import EXIT_BLOCKED
from schemas.reading.codec import encode
from schemas.reading.document import check_document
from schemas.reading.policy import load_policy
from schemas.records.audit import AUDIT_VERSION


@command("audit")
@data_argument()
@with_options(*data_flags(training=True))
@click.option("--seed", type=click.IntRange(0), default=0, help="Of every draw [0].")
@click.option("--format", "form", type=Choice(("table", "json")), default="table", help="[table].")
@click.pass_context
def audit_command(
    ctx: click.Context, /, config: Path | None, seed: int, form: Literal["table", "json"], **flags: object
) -> None:
    """Say whether a model can learn direction from DATA, and whether the gates can be decided on it.

    DATA is what --bank may name, and stands for it.

    Raw and learned direction on held-out articles, the published figures of coherence, what margin a
    linear model can buy at what cosine, and text that occurs in two splits.

    Exit codes: 0 the gates can be decided, 1 the splits leak or are too small, 2 usage error, 3 the
    data is unusable.
    """
    from gatekeeper.config.file import resolve_config
    from gatekeeper.config.window import settle_window
    from gatekeeper.data.audit.audit import audit
    from gatekeeper.data.source import open_source
    from gatekeeper.render.audit import render_audit

    settings = resolve_config(config, flags)
    with working("reading the data"):
        source = open_source(settings)
    tell(source.notes)
    with working("auditing the data"):
        found = audit(
            source.bank,
            {name: source.articles(name) for name in source.splits},
            settle_window(source.window, *settings.window_claims()).window,
            seed=seed,
            policy=load_policy(settings.eval.policy).policy,
        )
    if form == "json":
        value = encode(found, where="audit")
        check_document("audit", AUDIT_VERSION, value)
        show_json(value)
    else:
        show(render_audit(found))
    ctx.exit(EXIT_BLOCKED if found.problems else 0)
