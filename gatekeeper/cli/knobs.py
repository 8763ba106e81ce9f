"""Flags made from the fields of a dataclass: a recipe's settings, and the sections of a configuration.

A field's ``help`` is the flag's line in ``--help``; ``otherwise`` says what a default of None means,
``listed`` which names the shell completes, ``prefix`` what is written before them, ``metavar`` what the
value is called.
"""

import dataclasses
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from gatekeeper.cli.completion import complete
from gatekeeper.cli.types import FILE, NAMED, OUTPUT, Choice
from gatekeeper.config.keys import WRITTEN
from gatekeeper.training.settings import without_none
from trainers.contracts import Trainer

Command = Callable[..., Any]
Option = Callable[[Command], Command]


def settings_flags(recipe: Trainer) -> Iterator[Option]:
    """One flag for each setting: ``--max-windows`` from ``max_windows: int``."""
    for each in dataclasses.fields(recipe.settings):
        otherwise = each.metadata.get("otherwise", "the architecture's")
        yield option(recipe.settings, each.name, otherwise=otherwise)


def with_options(*options: Option) -> Option:
    """Add flags to a command, which lists them in this order."""

    def add(command: Command) -> Command:
        for each in reversed(options):
            command = each(command)
        return command

    return add


def option(section: type, name: str, *, line: str = "help", otherwise: str | None = None) -> Option:
    """The flag of a field.

    Args:
        section: a dataclass.
        name: its field.
        line: key of the field's metadata that holds the line of the help, where there are several.
        otherwise: what a default of None means, instead of what the field says.
    """
    field = next(each for each in dataclasses.fields(section) if each.name == name)
    more = field.metadata
    hint, flag = without_none(typing.get_type_hints(section)[name]), f"--{name.replace('_', '-')}"
    default = _default(field.default, otherwise or more.get("otherwise", ""))
    text = more.get(line, more["help"]).rstrip(".") + (default and f" [{default}]")
    arguments = typing.get_args(hint)
    if hint is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", default=None, help=f"{text}.")
    if typing.get_origin(hint) is typing.Literal:
        return click.option(flag, type=Choice(arguments), help=f"{text}.")
    if typing.get_origin(hint) is tuple and arguments[-1] is not Ellipsis:
        return click.option(flag, type=arguments[0], nargs=len(arguments), default=None, help=f"{text}.")
    if typing.get_origin(hint) is tuple:
        return click.option(
            flag, type=arguments[0], multiple=True, callback=_given, help=f"{text} (repeatable)."
        )
    kind = _kind(hint, more.get("kind"))
    listed = more.get("listed")
    prefix, files = more.get("prefix", ""), listed in ("policies", "data")
    completer = None if listed is None else complete(listed, prefix=prefix, files=files)
    return click.option(
        flag, type=kind, help=f"{text}.", shell_complete=completer, metavar=more.get("metavar")
    )


def _kind(hint: object, key: object) -> click.ParamType[Any] | type:
    """What a flag takes; ``key`` is that of a configuration, where it is one of its keys."""
    if hint is Path:
        return OUTPUT if key is WRITTEN else FILE
    if isinstance(hint, type) and hint is not str:
        return hint
    return str if key is None else NAMED  # what a recipe calls its own text may be an address


def _given(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:  # noqa: ANN401
    return None if value == () else value


def _default(value: object, otherwise: str) -> str:
    if value is None:
        return otherwise
    if isinstance(value, tuple):
        return " ".join(f"{item:g}" for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else f"{value}"
