"""The flags that say how a model file becomes a module."""

import functools
from collections.abc import Callable
from typing import Any

import click

from gatekeeper.evaluation.loading.how import Loading

_NAMES = ("allow_code", "factory", "state_key", "strip_prefix")


def loading_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the flags to a command, which gets them as one ``loading``."""

    @click.option(
        "--allow-code", is_flag=True, help="Load TorchScript and torch.export files, which run code."
    )
    @click.option(
        "--factory",
        metavar="MODULE:FUNCTION",
        help="Your code that makes the module whose weights MODEL holds; it is run.",
    )
    @click.option(
        "--state-key", metavar="KEY", help="Key in MODEL that the weights lie under [the only one]."
    )
    @click.option(
        "--strip-prefix",
        metavar="PREFIX",
        help="Before the names of weights: auto, none or a prefix [auto: where the rest then fits].",
    )
    @functools.wraps(command)
    def with_loading(*arguments: object, **given: Any) -> None:  # noqa: ANN401  (what the flags above are)
        named = {name: given.pop(name) for name in _NAMES}
        command(*arguments, loading=Loading(**named), **given)

    return with_loading
