"""What the command line takes for a path, and for one of several words."""

from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from schemas.addresses import refuse_address
from schemas.errors import UsageError
from schemas.names import did_you_mean


class FilePath(click.ParamType[Path]):
    """A path that the file system can be asked about: not empty, without NUL, and no address.

    Attributes:
        output: whether the command writes it.
    """

    name = "path"

    def __init__(self, *, output: bool = False) -> None:
        self.output = output

    def convert(
        self,
        value: Any,  # noqa: ANN401  (click's own signature)
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """Make a path of what was given."""
        text = str(value)
        if not text or "\0" in text:
            self.fail(f"expected a path, found {text!r}", param, ctx)
        _refuse_address(self, text, param, ctx, output=self.output)
        return Path(text)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Leave it to the shell, which knows its files."""
        return [CompletionItem(incomplete, type="file")]


class NameOrPath(click.ParamType[str]):
    """A name that something has, or the path of a file, and no address."""

    name = "text"

    def __init__(self, *, output: bool = False) -> None:
        self.output = output

    def convert(
        self,
        value: Any,  # noqa: ANN401  (click's own signature)
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """Leave it as it was given; whoever looks for it says what it is."""
        _refuse_address(self, str(value), param, ctx, output=self.output)
        return str(value)


FILE, OUTPUT = FilePath(), FilePath(output=True)
"""A file or a folder that is read, or written; whether it is there is for whoever opens it."""

NAMED, TARGET = NameOrPath(), NameOrPath(output=True)
"""Likewise, where something may be called by a name too."""


def _refuse_address(
    kind: click.ParamType[Any],
    text: str,
    param: click.Parameter | None,
    ctx: click.Context | None,
    *,
    output: bool,
) -> None:
    try:
        refuse_address(text, output=output)
    except UsageError as error:
        kind.fail(str(error), param, ctx)


class Choice(click.Choice[str]):
    """One of some words; a mistyped one is told the nearest."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:  # noqa: ANN401
        """Click's sentence, and a hint."""
        hint = did_you_mean(str(value), map(str, self.choices))
        return super().get_invalid_choice_message(value, ctx) + (f" D{hint[1:]}" if hint else "")
