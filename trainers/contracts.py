"""Contracts of the plug-ins: what an architecture and a trainer are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import nn

from gates.contracts import Dataset
from schemas.errors import ModelError

ConfigValue = int | float
"""Sizes are whole numbers from 1 to 1,000,000, ``num_layers`` to 1000; rates (``dropout``) lie in [0, 1)."""

LARGEST = 1_000_000

MOST_LAYERS = 1_000
"""Layers are Python objects even where they get no storage, so a wrong count would cost hours."""


@dataclass(frozen=True)
class Architecture:
    """A family of modules (B, L, D) -> (B, D), built from a plain configuration.

    Attributes:
        name: as in a checkpoint's ``model_type``.
        summary: one line for people.
        make: builds the module from keyword arguments.
        defaults: key -> value of everything but the dimensions.
        dimensions: dimension and context length -> the remaining keys.
        optional: keys with a value that follows from the others when absent.
    """

    name: str
    summary: str
    make: Callable[..., nn.Module]
    defaults: Mapping[str, ConfigValue]
    dimensions: Callable[[int, int], Mapping[str, int]]
    optional: tuple[str, ...] = ()

    def default_config(self, *, dimension: int, context: int) -> dict[str, ConfigValue]:
        """The configuration for vectors of a width and contexts of a length."""
        return {**self.dimensions(dimension, context), **self.defaults}

    def build(self, config: Mapping[str, object]) -> nn.Module:
        """Build the module; keys that are absent take their default.

        Raises:
            ModelError: an unknown or missing key, or a value that is no size.
        """
        needed = tuple(key for key in self.dimensions(1, 1) if key not in self.optional)
        known = {*needed, *self.optional, *self.defaults}
        unknown = sorted(config.keys() - known)
        if unknown:
            raise ModelError(
                f"architecture {self.name!r} has no setting {unknown[0]!r}; known: {', '.join(sorted(known))}"
            )
        missing = [key for key in needed if key not in config]
        if missing:
            raise ModelError(f"architecture {self.name!r} needs {missing[0]!r} in model_config")
        merged = {**self.defaults, **{key: _checked(self.name, key, config[key]) for key in config}}
        try:
            return self.make(**merged)
        except (AssertionError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"architecture {self.name!r} cannot be built from {merged}: {str(error).splitlines()[0]}"
            ) from error


def _checked(name: str, key: str, value: object) -> ConfigValue:
    if key == "dropout":
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0.0 <= value < 1.0:
            return value
        raise ModelError(f"architecture {name!r}: {key} must lie in [0, 1); found {value!r}")
    most = MOST_LAYERS if key == "num_layers" else LARGEST
    if type(value) is not int or not 1 <= value <= most:
        raise ModelError(
            f"architecture {name!r}: {key} must be a whole number from 1 to {most}; found {value!r}"
        )
    return value


@dataclass(frozen=True, eq=False)
class TrainingJob:
    """What a trainer is asked to do.

    Attributes:
        dataset: with a ``train`` split; its context and horizon are what the model is trained for.
        seed: of everything random.
        device: where to train.
    """

    dataset: Dataset
    seed: int
    device: torch.device


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """What a trainer returns: enough to save a checkpoint that can be loaded again.

    Attributes:
        module: the trained module.
        model_type, model_config: registered architecture and what it was built from.
        facts: plain values for the checkpoint and the run's ``config.json``.
        summary: one line for people.
    """

    module: nn.Module
    model_type: str
    model_config: Mapping[str, ConfigValue]
    facts: Mapping[str, object]
    summary: str


class Trainer(Protocol):
    """A recipe. Its settings are a frozen dataclass; each field's metadata holds a line of help.

    Flags of ``gatekeeper train NAME`` are made from the fields, so a recipe declares its knobs once.
    """

    @property
    def name(self) -> str:
        """As in ``gatekeeper train NAME``."""
        ...

    @property
    def summary(self) -> str:
        """One line for ``--help``."""
        ...

    @property
    def architecture(self) -> str:
        """Registered architecture it trains, for the name of the run folder."""
        ...

    @property
    def settings(self) -> type[Any]:
        """The dataclass of its knobs."""
        ...

    def fit(self, job: TrainingJob, settings: Any) -> TrainedModel:  # noqa: ANN401  (its own dataclass)
        """Train and return the model."""
        ...
