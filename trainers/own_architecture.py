"""A class of the user's own as an architecture: ``--architecture package.module:Class``.

Its constructor gets what a plug-in's does: ``input_dim`` (D; ``dimension`` is understood too) and
``context`` (L), as far as it has parameters of these names, and the sizes that the user names. All other
parameters need a default. Whole numbers among the defaults and ``dropout`` become the configuration that a
checkpoint keeps; defaults of other kinds stay as the class has them.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from schemas.errors import ModelError
from schemas.reading.number import real, whole
from schemas.text import printable
from trainers.contracts import LARGEST, MOST_LAYERS, Architecture, ConfigValue
from trainers.own_code import import_object, is_spec, running, spec_of
from trainers.registry import architecture

INPUT, CONTEXT = "input_dim", "context"
_OTHERWISE = "dimension"
"""What many call ``input_dim``."""

_SIZES: Mapping[str, tuple[str, ...]] = {
    "layers": ("layers", "num_layers"),
    "width": ("width", "d_model", "hidden_dim"),
    "heads": ("heads", "num_heads", "nhead"),
    "hidden": ("hidden", "hidden_size"),
    "dropout": ("dropout",),
}
"""Size for users -> what a parameter for it may be called."""

_KINDS = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def chosen_architecture(name: str) -> Architecture:
    """A registered architecture by its name, or the user's own class that the user has named.

    Never call it with a name that stands in a file: ``module:Class`` is imported and run.

    Raises:
        ModelError: unknown, or :func:`own_architecture` refuses it.
    """
    return own_architecture(name) if is_spec(name) else architecture(name)


def own_architecture(named: str | Callable[..., Any]) -> Architecture:
    """A class, or a function that makes modules, as an architecture.

    Args:
        named: ``package.module:Class``, or the class itself.

    Raises:
        ModelError: it cannot be imported or called, or asks for more than it is given.
    """
    spec, found = (named, import_object(named)[0]) if isinstance(named, str) else (spec_of(named), named)
    parameters = _parameters(spec, found)
    dimension = next((each for each in (INPUT, _OTHERWISE) if each in parameters), None)
    given = {dimension, CONTEXT}
    defaults = {
        name: value
        for name, each in parameters.items()
        if name not in given and (value := _size(name, each.default)) is not None
    }
    for name, each in parameters.items():
        if name not in given and each.default is inspect.Parameter.empty:
            raise ModelError(
                f"{spec} asks for {name!r} without a default; it is given {INPUT} (or {_OTHERWISE}) and "
                f"{CONTEXT} alone: give {name} a default"
            )

    def make(**config: ConfigValue) -> Any:  # noqa: ANN401  (checked below)
        width = config.pop(INPUT)
        if CONTEXT not in parameters:
            del config[CONTEXT]
        return _made(spec, found, {**config, **({} if dimension is None else {dimension: width})})

    return Architecture(
        name=spec,
        summary="your own class",
        make=make,
        defaults=defaults,
        dimensions=lambda width, length: {INPUT: width, CONTEXT: length},
        sizes={size: name for size, names in _SIZES.items() for name in names if name in defaults},
    )


def _parameters(spec: str, found: object) -> dict[str, inspect.Parameter]:
    from torch import nn

    if isinstance(found, nn.Module) or not callable(found):
        raise ModelError(
            f"{spec} must be a class of torch.nn.Module, of which a fresh one is made for each training; "
            f"found {type(found).__name__}"
        )
    with running(spec):
        parameters = inspect.signature(found).parameters
    odd = next((name for name, each in parameters.items() if each.kind is each.POSITIONAL_ONLY), None)
    if odd is not None:
        raise ModelError(f"{spec} takes {odd!r} by place alone; let it take it by name")
    return {name: each for name, each in parameters.items() if each.kind in _KINDS}


def _size(name: str, value: object) -> ConfigValue | None:
    """A default that a checkpoint can keep, None where it is none."""
    if name == "dropout":
        rate = real(value)
        return rate if rate is not None and 0.0 <= rate < 1.0 else None
    size, most = whole(value), MOST_LAYERS if name == "num_layers" else LARGEST
    return size if size is not None and 1 <= size <= most else None


def _made(spec: str, found: Callable[..., Any] | object, config: Mapping[str, ConfigValue]) -> object:
    from torch import nn

    assert callable(found)
    with running(spec):
        module = found(**config)
    if not isinstance(module, nn.Module):
        raise ModelError(f"{spec} must make a torch.nn.Module; found {printable(type(module).__name__)}")
    return module
