"""What the command line takes for one of several words."""

from typing import Any

import click

from schemas.names import did_you_mean


class Choice(click.Choice[str]):
    """One of some words; a mistyped one is told the nearest."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:  # noqa: ANN401
        """Click's sentence, and a hint."""
        hint = did_you_mean(str(value), map(str, self.choices))
        return super().get_invalid_choice_message(value, ctx) + (f" D{hint[1:]}" if hint else "")
