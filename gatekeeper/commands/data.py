"""``gatekeeper data``, assembled from the modules beside it."""

import click

from gatekeeper.lazy_group import LazyGroup

COMMANDS = {
    "build": ("gatekeeper.commands.data_build:build_command", "Write a bank and its splits as a data set."),
    "synth": ("gatekeeper.commands.data_synth:synth_command", "Make data with a known answer."),
}


@click.group(name="data", cls=LazyGroup, table=COMMANDS)
def data_group() -> None:
    """Build data sets, and make data with a known answer."""
