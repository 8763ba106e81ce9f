"""``gatekeeper list``: what there is to choose from."""

from dataclasses import asdict
from typing import Literal

import click

from gatekeeper.cli.choices import KINDS, Item
from gatekeeper.cli.command import command
from gatekeeper.cli.types import Choice
from gatekeeper.cli.voice import show, show_json

NOTHING = "no description"


@command("list")
@click.argument("kind", type=Choice(tuple(KINDS)), required=False, metavar="[KIND]")
@click.option("--format", "form", type=Choice(("table", "json")), default="table", help="[table].")
def list_command(kind: str | None, form: Literal["table", "json"]) -> None:
    """List all trainers, gates, architectures, policies, controls or data, a line on each; or these kinds.

    Plug-ins that other packages register are among them. None is loaded for it: one whose line could
    only be known by loading it has no description here.

    Exit codes: 0 done, 2 usage error.
    """
    if kind is None:
        items: tuple[Item, ...] = tuple(Item(name, each.description) for name, each in KINDS.items())
    else:
        items = KINDS[kind].items()
    if form == "json":
        show_json([asdict(item) for item in items])
        return
    width = max((len(item.name) for item in items), default=0)
    for item in items:
        show(f"{item.name:{width}}  {item.description or NOTHING}")
