"""``gatekeeper data``, assembled from the modules beside it."""

from typing import Any

import click

from gatekeeper.cli.groups import LazyGroup
from schemas.errors import DataError

COMMANDS = {
    "build": ("gatekeeper.cli.data.build:build_command", "Write a bank and its splits as a data set."),
    "append": ("gatekeeper.cli.data.append:append_command", "Add new articles to a data set."),
    "convert": (
        "gatekeeper.cli.data.convert:convert_command",
        "Turn old sequence files into one.",
    ),
    "info": ("gatekeeper.cli.data.info:info_command", "Say what is in a bank or a data set."),
    "audit": ("gatekeeper.cli.data.audit:audit_command", "Say what the data can teach and decide."),
    "synth": ("gatekeeper.cli.data.synth:synth_command", "Make data with a known answer."),
}
_LOOKING = ("info", "audit")


class DataGroup(LazyGroup):
    """Says of an interrupted command what it did not come to; none of them gives a verdict."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  (click's own signature)
        """Run a command."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            looking = ctx.invoked_subcommand in _LOOKING
            what = "all was looked at" if looking else "the data set was complete"
            raise DataError(f"interrupted before {what}; run the command again") from None


@click.group(name="data", cls=DataGroup, table=COMMANDS)
def data_group() -> None:
    """Build, inspect and audit data sets, and make data with a known answer."""
