"""A command that tells all that a line lacks at once, and what it calls a flag that others call otherwise."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click

from gatekeeper.cli.other_names import our_name

Needs = Callable[[Mapping[str, Any]], Iterator[str]]
"""What was given, by parameter -> what else must be, that the command itself looks for."""


class Command(click.Command):
    """A command of ours.

    Attributes:
        needs: what it looks for itself, because another flag may stand in for it.
    """

    def __init__(self, *arguments: Any, needs: Needs | None = None, **more: Any) -> None:  # noqa: ANN401  (click's)
        super().__init__(*arguments, **more)
        self.needs = needs

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read a line; click alone would name the first thing that is missing, and the next one next time."""
        given = list(args)
        try:
            rest = super().parse_args(ctx, args)
        except click.MissingParameter:
            self._refuse_lacking(ctx, given)
            raise
        except click.NoSuchOption as error:
            ours = our_name(error.option_name, self.get_params(ctx))
            if ours is None:
                raise
            meant = f"Did you mean {ours!r}?" if ours.startswith("-") else f"It is the argument {ours}."
            raise click.UsageError(f"No such option {error.option_name!r}. {meant}", ctx) from None
        if self.needs is not None and not ctx.resilient_parsing:
            self._refuse_lacking(ctx, given)
        return rest

    def _refuse_lacking(self, ctx: click.Context, args: list[str]) -> None:
        """Refuse a line that lacks two things or more; whoever looks for a single one says more of it."""
        parsed, _, _ = self.make_parser(ctx).parse_args(list(args))
        lacking: list[str] = []
        values: dict[str, Any] = {}
        for each in self.get_params(ctx):
            value, _ = each.consume_value(ctx, parsed)
            missing = each.value_is_missing(value)
            values[each.name or ""] = None if missing else value
            if missing and each.required:
                lacking.append(_spelt(each, ctx))
        if self.needs is not None:
            lacking += self.needs(values)
        lacking.sort(key=lambda each: each.startswith("-"))  # as one writes them: arguments first
        if len(lacking) > 1:
            raise click.UsageError(f"Missing {', '.join(lacking[:-1])} and {lacking[-1]}.", ctx)


def command(name: str, *, needs: Needs | None = None, **more: Any) -> Callable[[Callable[..., Any]], Command]:  # noqa: ANN401
    """Make a :class:`Command` of a function, as ``click.command`` does."""
    return click.command(name, cls=Command, needs=needs, **more)


def _spelt(parameter: click.Parameter, ctx: click.Context) -> str:
    if isinstance(parameter, click.Argument):
        return parameter.make_metavar(ctx)
    return max(parameter.opts, key=len)
