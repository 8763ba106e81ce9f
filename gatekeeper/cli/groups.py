"""Command groups that import a command only when it is invoked, so that help and completion are instant."""

import importlib
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, NoReturn

import click
from click.shell_completion import CompletionItem

from gatekeeper.cli.voice import quiet_option
from schemas.errors import GatekeeperError
from schemas.names import did_you_mean

Table = Mapping[str, tuple[str, str]]
"""Name -> (``module:attribute`` where the command lives, one line of help), in the order shown."""


class NamedGroup(click.Group):
    """A group that knows its commands by name and line, and loads one when it is asked for.

    Every command gets ``--quiet``, and a name that nobody knows the nearest one that somebody does.
    """

    @abstractmethod
    def lines(self) -> Mapping[str, str]:
        """Name -> one line of help, in the order shown. Imports no command."""

    @abstractmethod
    def load(self, name: str) -> click.Command:
        """Import or make the command of a known name."""

    def refuse(self, context: click.Context, name: str) -> NoReturn:
        """End with the error for a name that is not known."""
        hint = did_you_mean(name, self.lines())
        raise click.UsageError(f"No such command {name!r}{hint and '; ' + hint}", context)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order shown."""
        return list(self.lines())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        if cmd_name not in self.lines():
            return None
        try:
            command = self.load(cmd_name)
        except GatekeeperError:
            if ctx.resilient_parsing:  # while completing a line: a broken plug-in has no flags
                return None
            raise
        if all(parameter.name != "quiet" for parameter in command.params):
            command.params.append(quiet_option())
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that a line names."""
        if args[0] not in self.lines() and not ctx.resilient_parsing:
            self.refuse(ctx, args[0])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.lines().items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command's name, or an option of the group itself."""
        named = [
            CompletionItem(name, help=line)
            for name, line in self.lines().items()
            if name.startswith(incomplete)
        ]
        # Not Group's: it would import every command for its help.
        return named + click.Command.shell_complete(self, ctx, incomplete)


class LazyGroup(NamedGroup):
    """A group made from a table of commands."""

    def __init__(self, *arguments: Any, table: Table, **more: Any) -> None:  # noqa: ANN401  (click's own)
        super().__init__(*arguments, **more)
        self.table = table

    def lines(self) -> Mapping[str, str]:
        """The table's own."""
        return {name: text for name, (_, text) in self.table.items()}

    def load(self, name: str) -> click.Command:
        """Import one command."""
        module, _, attribute = self.table[name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command
