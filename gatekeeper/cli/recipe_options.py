"""The flags of a recipe, one for each field of the dataclass of its settings."""

import dataclasses
import typing
from collections.abc import Callable
from typing import Any

import click

from gatekeeper.cli.choice import Choice
from gatekeeper.cli.completion import complete
from gatekeeper.training.settings import without_none
from trainers.contracts import Trainer

Command = Callable[..., None]


def settings_options(recipe: Trainer) -> Callable[[Command], Command]:
    """One flag for each setting: ``--max-windows`` from ``max_windows: int``."""

    def add(command: Command) -> Command:
        for setting in reversed(dataclasses.fields(recipe.settings)):
            command = _option(recipe, setting)(command)
        return command

    return add


def _option(recipe: Trainer, setting: "dataclasses.Field[Any]") -> Callable[[Command], Command]:
    hint = without_none(typing.get_type_hints(recipe.settings)[setting.name])
    name = f"--{setting.name.replace('_', '-')}"
    text = f"{setting.metadata['help'].rstrip('.')} [{_default(setting)}]"
    arguments = typing.get_args(hint)
    if hint is bool:
        return click.option(f"{name}/--no-{name[2:]}", default=None, help=f"{text}.")
    if typing.get_origin(hint) is typing.Literal:
        return click.option(name, type=Choice(arguments), help=f"{text}.")
    if typing.get_origin(hint) is tuple and arguments[-1] is not Ellipsis:
        return click.option(name, type=arguments[0], nargs=len(arguments), default=None, help=f"{text}.")
    if typing.get_origin(hint) is tuple:
        return click.option(
            name, type=arguments[0], multiple=True, callback=_given, help=f"{text} (repeatable)."
        )
    listed = setting.metadata.get("listed")
    completer = None if listed is None else complete(listed)
    return click.option(name, type=hint, help=f"{text}.", shell_complete=completer)


def _given(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:  # noqa: ANN401
    return None if value == () else value


def _default(setting: "dataclasses.Field[Any]") -> str:
    value = setting.default
    if value is None:
        return str(setting.metadata.get("otherwise", "the architecture's"))
    if isinstance(value, tuple):
        return " ".join(f"{item:g}" for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else f"{value}"
