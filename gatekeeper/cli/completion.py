"""What a shell completes where a name, or a name or a file, is asked for."""

from collections.abc import Callable

import click
from click.shell_completion import CompletionItem

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
"""(context, parameter, what was typed) -> what it may become."""


def complete(kind: str, *, prefix: str = "", files: bool = False) -> Completer:
    """Complete the names of a kind.

    Args:
        kind: a key of :data:`gatekeeper.cli.choices.KINDS`.
        prefix: what is written before a name.
        files: where no name begins with what was typed, a file may.
    """

    def completer(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from gatekeeper.cli.choices import KINDS

        found = [
            CompletionItem(prefix + item.name, help=item.description)
            for item in KINDS[kind].items()
            if (prefix + item.name).startswith(incomplete)
        ]
        return found if found or not files else [CompletionItem(incomplete, type="file")]

    return completer
