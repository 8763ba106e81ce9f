"""A weighted copy, whitened and not, the ridge prediction, and a network that says what they leave out.

::

    p = normalise(sum_j b_j c_j + sum_j d_j R c_j + e r + f R r + alpha * network(sqrt(D) * c))

with c_j the centred rows of the context, r the centred ridge prediction and R a whitening matrix: the linear
part is the control ``logit`` (:mod:`gates.logit`). Its 2 L + 2 numbers and alpha are weights; the centre, the
ridge solution and R are buffers, which whoever trains it has fitted.
"""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import nn

from schemas.errors import ModelError
from trainers.contracts import Architecture, ConfigValue
from trainers.registry import architecture

NAME, NETWORK, NETWORK_CONFIG = "logit_residual", "network", "network_config"

_USUAL = "transformer"

_SMALL: Mapping[str, ConfigValue] = {"layers": 2, "width": 128, "heads": 4, "dropout": 0.3}
"""Sizes of the network by their names for users; those that it lacks do not matter."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What a context is read with, float32.

    Attributes:
        centre: (D,). weight: (L * D, D) and bias: (D,) of the ridge solution, not centred.
        whitener: (D, D) R, symmetric.
    """

    centre: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor
    whitener: torch.Tensor

    def features(self, contexts: torch.Tensor) -> torch.Tensor:
        """(B, 2 L + 2, D) of contexts (B, L, D): c_1 to c_L, R c_1 to R c_L, r and R r."""
        copies = contexts - self.centre
        ridge = (contexts.flatten(1) @ self.weight + (self.bias - self.centre))[:, None]
        return torch.cat([copies, copies @ self.whitener, ridge, ridge @ self.whitener], dim=1)

    def to(self, device: torch.device) -> "Reading":
        """The same on a device."""
        return Reading(*(each.to(device) for each in vars(self).values()))


class LogitResidual(nn.Module):
    """See the module's docstring. Unfitted, it copies the last chunk; its ridge is the mean of the context.

    Args:
        input_dim: D.
        context: L.
        network: (B, L, D) -> (B, D). It reads the centred rows sqrt(D) times as long: a coordinate of a unit
            row is about 1 / sqrt(D), next to nothing beside the positions that a transformer adds.
    """

    def __init__(self, *, input_dim: int, context: int, network: nn.Module) -> None:
        super().__init__()
        self.scale = math.sqrt(input_dim)
        self.network = network
        numbers = torch.zeros(2 * context + 2)
        numbers[context - 1] = 1.0
        self.numbers = nn.Parameter(numbers)
        self.alpha = nn.Parameter(torch.zeros(()))
        for name, tensor in vars(_unfitted(input_dim, context)).items():
            self.register_buffer(name, tensor)
        self.centre: torch.Tensor
        self.weight: torch.Tensor
        self.bias: torch.Tensor
        self.whitener: torch.Tensor

    def begin_with(self, numbers: torch.Tensor, reading: Reading) -> None:
        """Take over a fitted linear part.

        Args:
            numbers: (2 L + 2,) b, d, e and f. Only their direction says which row comes next, so they are
                made as long as 1: a step of the optimiser then moves numbers and network alike.
            reading: what contexts are read with.
        """
        with torch.no_grad():
            self.numbers.copy_(numbers / numbers.norm())
            for name, tensor in vars(reading).items():
                getattr(self, name).copy_(tensor)

    def forward(self, contexts: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        """(B, L, D) -> (B, D) of unit length.

        Args:
            contexts: what is read.
            features: (B, 2 L + 2, D) of the linear part, where something else than the buffers made them, as
                in a training that reads an article with what others taught.
        """
        if features is None:
            features = Reading(self.centre, self.weight, self.bias, self.whitener).features(contexts)
        # A sum of products, since a matrix product would be rounded under mixed precision.
        linear = (self.numbers[:, None] * features).sum(dim=1)
        correction = self.network((contexts - self.centre) * self.scale)
        return nn.functional.normalize(linear + self.alpha * correction, dim=-1)


def _unfitted(dimension: int, context: int) -> Reading:
    identity = torch.eye(dimension)
    return Reading(
        torch.zeros(dimension), identity.repeat(context, 1) / context, torch.zeros(dimension), identity
    )


class _LogitResidual(Architecture):
    """Its configuration holds that of the network: ``network``, a registered name, and ``network_config``."""

    def default_config(self, *, dimension: int, context: int) -> dict[str, object]:
        """With the default network."""
        return self.sized_config(dimension=dimension, context=context, sizes={})

    def sized_config(
        self, *, dimension: int, context: int, sizes: Mapping[str, ConfigValue], network: str = _USUAL
    ) -> dict[str, object]:
        """The configuration with a small network of some kind, some of whose sizes are replaced.

        Raises:
            ModelError: no such network. UsageError: the network has no such size.
        """
        inner = _network(network)
        small = {size: value for size, value in _SMALL.items() if size in inner.sizes}
        config = inner.sized_config(dimension=dimension, context=context, sizes={**small, **sizes})
        return {**self.dimensions(dimension, context), NETWORK: network, NETWORK_CONFIG: config}

    def build(self, config: Mapping[str, object]) -> nn.Module:
        """Build the network, then the module around it.

        Raises:
            ModelError: of this configuration, or of the network's.
        """
        name, inner = config.get(NETWORK), config.get(NETWORK_CONFIG)
        if not isinstance(name, str) or not isinstance(inner, Mapping):
            raise ModelError(
                f"architecture {NAME!r} needs {NETWORK!r}, the name of an architecture, and "
                f"{NETWORK_CONFIG!r}, what that is built from, in model_config"
            )
        around = replace(self, make=functools.partial(LogitResidual, network=_network(name).build(inner)))
        own = {key: value for key, value in config.items() if key not in (NETWORK, NETWORK_CONFIG)}
        return Architecture.build(around, own)


def _network(name: str) -> Architecture:
    if name == NAME:
        raise ModelError(f"{NAME} cannot be the network of {NAME}; choose another architecture")
    return architecture(name)


ARCHITECTURE = _LogitResidual(
    name=NAME,
    summary="the control logit plus alpha times a small network",
    make=LogitResidual,
    defaults={},
    dimensions=lambda dimension, context: {"input_dim": dimension, "context": context},
)
