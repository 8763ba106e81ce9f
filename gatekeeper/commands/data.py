"""``gatekeeper data``, assembled from the modules beside it."""

import click

from gatekeeper.lazy_group import LazyGroup

COMMANDS = {
    "build": ("gatekeeper.commands.data_build:build_command", "Write a bank and its splits as a data set."),
    "convert": (
        "gatekeeper.commands.data_convert:convert_command",
        "Turn old sequence files into one.",
    ),
    "info": ("gatekeeper.commands.data_info:info_command", "Say what is in a bank or a data set."),
    "audit": ("gatekeeper.commands.data_audit:audit_command", "Say what the data can teach and decide."),
    "synth": ("gatekeeper.commands.data_synth:synth_command", "Make data with a known answer."),
}


@click.group(name="data", cls=LazyGroup, table=COMMANDS)
def data_group() -> None:
    """Build, inspect and audit data sets, and make data with a known answer."""
