"""The data as an argument: every command that takes ``--bank`` takes the data without the flag as well."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gatekeeper.cli.completion import complete
from gatekeeper.cli.types import NAMED
from gatekeeper.config.bundled import PREFIX
from schemas.errors import UsageError

_ENDINGS = (".npz", ".npy", ".jsonl", ".ndjson", ".gz", ".zst", ".csv", ".tsv", ".parquet", ".arrow")
"""Of files that hold vectors or texts, and never a model."""


def data_argument(metavar: str = "[DATA]") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add an argument that names the data, for a command with ``--bank``, which gets either as ``bank``."""

    def add(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def with_data(*arguments: Any, data: str | None, bank: object, **given: Any) -> None:  # noqa: ANN401
            function(*arguments, bank=one_of_both(data, bank), **given)

        argument = click.argument(
            "data",
            type=NAMED,
            required=False,
            metavar=metavar,
            shell_complete=complete("data", prefix=PREFIX, files=True),
        )
        return argument(with_data)

    return add


def one_of_both(argument: object, flag: object) -> object:
    """What names the data.

    Raises:
        UsageError: both do.
    """
    if argument is not None and flag is not None:
        raise UsageError(f"the data are named twice, {flag} and {argument}; name them once")
    return flag if argument is None else argument


def is_data(text: str) -> bool:
    """Whether what stands among models names data: bundled ones, a data set folder, or a file of vectors.

    Example:
        >>> is_data("bundled:books"), is_data("bank.npz"), is_data("best_model.pt"), is_data("control:ridge")
        (True, True, False, False)
    """
    if text.startswith(PREFIX) or text.lower().endswith(_ENDINGS):
        return True
    try:
        return Path(text, "dataset.json").is_file()
    except (OSError, ValueError):  # no path at all; whoever opens it says so
        return False
