"""What the command line takes for a path."""

from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem


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
