"""Flags that several commands share, all optional: what is not given comes from the configuration."""

import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

import click

from gatekeeper.cli.knobs import Option, option, with_options
from gatekeeper.cli.types import FILE, Choice
from gatekeeper.cli.voice import say
from gatekeeper.config.keys import convert, key_names
from gatekeeper.config.sections import DEFAULT_HORIZON, DataConfig, EvalConfig
from schemas.text import printable

Format = Literal["table", "json", "markdown"]

_KEYS = tuple(name for name in key_names(DataConfig) if name.endswith("_key"))

config_option = click.option("--config", type=FILE, help="Configuration file instead of the nearest one.")
format_option = click.option(
    "--format",
    "form",
    type=Choice(("table", "json", "markdown")),
    default="table",
    help="What is printed [table].",
)
overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace what an earlier call wrote to --out."
)


def data_flags(*, training: bool = False, horizon: int = DEFAULT_HORIZON) -> tuple[Option, ...]:
    """The flags that name bank and splits, and the shape of a window.

    Args:
        training: the model is yet to be trained, and has no checkpoint that could name a shape.
        horizon: where nobody names one.
    """
    line = "training" if training else "help"
    flags = {name: option(DataConfig, name, line=line) for name in key_names(DataConfig)}
    flags["horizon"] = option(DataConfig, "horizon", line=line, otherwise=str(horizon))
    return config_option, *flags.values()


def eval_flags() -> tuple[Option, ...]:
    """The flags that say how to evaluate."""
    return tuple(option(EvalConfig, name) for name in key_names(EvalConfig))


def key_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the flags that name the arrays of a bank file; the command gets them as one ``keys``."""

    @functools.wraps(command)
    def with_keys(*arguments: object, **given: object) -> None:
        named = {name: value for name in _KEYS if (value := given.pop(name)) is not None}
        keys = DataConfig(**convert(DataConfig, named, Path(), "--")).keys
        command(*arguments, keys=keys, **given)

    return with_options(*(option(DataConfig, name) for name in _KEYS))(with_keys)


def tell(notes: Iterable[str]) -> None:
    """Say on stderr what a user should know about the data, a line each."""
    for note in notes:
        say(f"note: {printable(note)}")
