"""Flags that several commands share, all optional: what is not given comes from the configuration."""

import functools
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from gatekeeper.cli.choice import Choice
from gatekeeper.cli.completion import complete
from gatekeeper.cli.types import FILE
from gatekeeper.cli.voice import say
from gatekeeper.config.keys import RETRIEVALS
from gatekeeper.data.formats.bank_keys import BankKeys
from schemas.text import printable

Command = TypeVar("Command", bound=Callable[..., Any])

_SPLIT = "article ranges over the bank (0-39,45) or a sequence file (*.npz)"


class _ArrayName(click.ParamType[str]):
    """The name of an array in a bank file."""

    name = "name"

    def convert(
        self,
        value: Any,  # noqa: ANN401  (click's own signature)
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """Any name but none."""
        if not str(value):
            self.fail("expected the name of an array in the bank, found ''", param, ctx)
        return str(value)


_KEYS = (
    click.option("--vectors-key", type=_ArrayName(), help="Array of the bank that holds the vectors."),
    click.option("--article-key", type=_ArrayName(), help="Array that holds each row's article."),
    click.option(
        "--chunk-key", type=_ArrayName(), help="Array that orders chunks; none: rows count in file order."
    ),
    click.option("--text-key", type=_ArrayName(), help="Array that holds the texts."),
)

_DATA = (
    click.option("--config", type=FILE, help="Configuration file instead of the nearest one."),
    click.option("--bank", type=FILE, help="Bank (*.npz) or data set folder [speeches]."),
    click.option("--train", help=f"Train split: {_SPLIT}."),
    click.option("--val", help=f"Val split: {_SPLIT}."),
    click.option("--ood", help=f"Out-of-distribution split: {_SPLIT}."),
    *_KEYS,
)

_EVAL = (
    click.option(
        "--policy",
        help="Built-in policy or a TOML file [seed-5cat].",
        shell_complete=complete("policies", files=True),
    ),
    click.option("--max-samples", type=int, help="Windows per split, drawn with the seed [all]."),
    click.option("--seed", type=int, help="Seed of draw, ablations and controls [0]."),
    click.option("--device", help="auto, cpu, cuda or mps [auto]."),
    click.option("--batch-size", type=int, help="Contexts per model call [256]."),
    click.option("--retrieval", type=Choice(RETRIEVALS), help="Library of the bank search [auto]."),
    click.option("--bin-edges", type=float, nargs=2, default=None, help="Coherence edges [0.45 0.55]."),
    click.option("--confidence", type=float, help="Of every interval [0.95]."),
)


def data_options(command: Command) -> Command:
    """Add the flags that name bank and splits, and the shape of a window for a model from a file."""
    shape = (
        click.option("--context", type=int, help="Chunks a model reads, where its checkpoint is silent [5]."),
        click.option("--horizon", type=int, help="Places from last chunk to target, likewise [1]."),
    )
    return _add(command, (*_DATA, *shape))


def train_data_options(command: Command, *, horizon: int) -> Command:
    """The same for a model that is yet to be trained, by a recipe with a horizon of its own."""
    shape = (
        click.option("--context", type=int, help="Chunks the model reads [5]."),
        click.option("--horizon", type=int, help=f"Places from last chunk to target [{horizon}]."),
    )
    return _add(command, (*_DATA, *shape))


def key_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the flags that name the arrays of a bank file; the command gets them as one ``keys``."""

    @functools.wraps(command)
    def with_keys(
        *arguments: object,
        vectors_key: str | None,
        article_key: str | None,
        chunk_key: str | None,
        text_key: str | None,
        **more: object,
    ) -> None:
        command(*arguments, keys=BankKeys(vectors_key, article_key, chunk_key, text_key), **more)

    return _add(with_keys, _KEYS)


def eval_options(command: Command) -> Command:
    """Add the flags that say how to evaluate."""
    return _add(command, _EVAL)


overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace what an earlier call wrote to --out."
)


def tell(notes: Iterable[str]) -> None:
    """Say on stderr what a user should know about the data, a line each."""
    for note in notes:
        say(f"note: {printable(note)}")


def _add(command: Command, options: tuple[Callable[[Command], Command], ...]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
