"""All commands there are, for what must hold for each of them."""

from collections.abc import Iterator
from functools import cache

import click

from gatekeeper.cli.app import cli


@cache
def every_command() -> tuple[tuple[tuple[str, ...], click.Command], ...]:
    """The words of each command, and the command."""
    return tuple(_below(cli, ()))


def named(words: tuple[str, ...]) -> click.Command:
    """The command of these words."""
    return dict(every_command())[words]


def _below(group: click.Group, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from _below(found, (*words, name))
        elif found is not None:
            yield (*words, name), found
