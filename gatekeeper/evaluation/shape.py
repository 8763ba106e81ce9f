"""Context and horizon of an evaluation: who may name them, and who wins."""

from dataclasses import dataclass
from typing import Literal, cast

from gatekeeper.config.file import DataConfig
from gatekeeper.config.keys import DEFAULT_CONTEXT, DEFAULT_HORIZON
from schemas.errors import UsageError

HorizonSource = Literal["checkpoint", "sequence file", "flag", "config", "default"]

Pair = tuple[int | None, int | None]
"""Context and horizon as somebody names them; None where they do not."""


@dataclass(frozen=True)
class Shape:
    """Context length and horizon of an evaluation, and who decided the horizon."""

    context: int
    horizon: int
    source: HorizonSource


@dataclass(frozen=True)
class AskedShape:
    """What the user asks for: on the command line (or in Python), and in a configuration file."""

    flag: Pair = (None, None)
    config: Pair = (None, None)


NOBODY = AskedShape()
"""Nobody asks for a shape."""


def asked_shape(flag: Pair, file: DataConfig) -> AskedShape:
    """What a user asks for; a flag replaces the file's value, so that the two are one voice."""
    context, horizon = flag
    return AskedShape(
        flag, (file.context if context is None else None, file.horizon if horizon is None else None)
    )


def settle_shape(
    *,
    checkpoint: Pair,
    data: Pair,
    flag: Pair,
    config: Pair,
    default_horizon: int = DEFAULT_HORIZON,
) -> Shape:
    """Agree on (context, horizon) from all who name one; each pair is (context, horizon).

    Where nobody names a horizon, it is ``default_horizon``.

    The order of precedence is checkpoint, sequence file, flag, config, default. Whoever names a
    value must agree with the first who does: a model trained for one horizon must never be
    measured at another without a word.

    Raises:
        UsageError: two sources disagree.
    """
    voices: tuple[tuple[HorizonSource, Pair], ...] = (
        ("checkpoint", checkpoint),
        ("sequence file", data),
        ("flag", flag),
        ("config", config),
    )
    settled: list[tuple[int, HorizonSource]] = []
    for position, (what, default) in enumerate((("context", DEFAULT_CONTEXT), ("horizon", default_horizon))):
        named = [(pair[position], source) for source, pair in voices if pair[position] is not None]
        if not named:
            settled.append((default, "default"))
            continue
        value, source = cast(int, named[0][0]), named[0][1]
        for other, other_source in named[1:]:
            if other != value:
                raise UsageError(
                    f"the {source} says {what} {value}, the {other_source} says {what} {other}; "
                    "evaluate a model at what it was trained for"
                )
        settled.append((value, source))
    return Shape(context=settled[0][0], horizon=settled[1][0], source=settled[1][1])
