"""What the command line takes for a path, and for one of several words."""

from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from schemas.names import did_you_mean


class FilePath(click.ParamType[Path]):
    """A path that the file system can be asked about: not empty, without NUL."""

    name = "path"

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
        return Path(text)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Leave it to the shell, which knows its files."""
        return [CompletionItem(incomplete, type="file")]


FILE = FilePath()
"""A file or a folder; whether it is there is for whoever opens it."""


class Choice(click.Choice[str]):
    """One of some words; a mistyped one is told the nearest."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:  # noqa: ANN401
        """Click's sentence, and a hint."""
        hint = did_you_mean(str(value), map(str, self.choices))
        return super().get_invalid_choice_message(value, ctx) + (f" D{hint[1:]}" if hint else "")
