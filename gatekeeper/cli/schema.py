"""``gatekeeper schema``: print a published JSON Schema."""

import click

from gatekeeper.cli.command import command
from gatekeeper.cli.types import Choice
from gatekeeper.cli.voice import hand_over
from schemas.reading.report import SCHEMAS, schema_text


@command("schema")
@click.argument("name", type=Choice(SCHEMAS))
def schema_command(name: str) -> None:
    """Print the JSON Schema that NAME files follow."""
    hand_over(schema_text(name))
