"""A weighted copy, whitened and not, the ridge prediction, and a network that says what they leave out.

::

    p = normalise(sum_j b_j c_j + sum_j d_j R c_j + e r + f R r
                  + alpha * network(sqrt(D) * c) + shared * centre)

with c_j the centred rows of the context, r the centred ridge prediction and R a whitening matrix: the linear
part is the control ``logit`` (:mod:`gates.logit`). Its 2 L + 2 numbers, alpha and shared are weights; the
centre, the ridge solution and R are buffers, which whoever trains it has fitted. The centre says nothing of
which chunk comes next; without it no answer is as close to its target as one that is to be decoded must be.

There may be several networks. Their mean answers, and while they train each window is one network's: they
learn from different windows in each step and err differently, so that their mean errs less.
"""

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import nn

from schemas.errors import ModelError
from trainers.contracts import Architecture, ConfigValue
from trainers.registry import architecture

NAME, NETWORK, NETWORK_CONFIG = "logit_residual", "network", "network_config"

MOST_MEMBERS = 64
"""Networks of one model; each takes Python objects even where it gets no storage."""

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
        network: makes a network (B, L, D) -> (B, D). It reads the centred rows sqrt(D) times as long: a
            coordinate of a unit row is about 1 / sqrt(D), next to nothing beside the positions that a
            transformer adds.
        members: how many of them, at most 64.
    """

    def __init__(
        self, *, input_dim: int, context: int, network: Callable[[], nn.Module], members: int
    ) -> None:
        super().__init__()
        if members > MOST_MEMBERS:
            raise ValueError(f"at most {MOST_MEMBERS} members; found {members}")
        self.scale = math.sqrt(input_dim)
        self.networks = nn.ModuleList(network() for _ in range(members))
        numbers = torch.zeros(2 * context + 2)
        numbers[context - 1] = 1.0
        self.numbers = nn.Parameter(numbers)
        self.alpha = nn.Parameter(torch.zeros(()))
        self.shared = nn.Parameter(torch.zeros(()))
        for name, tensor in vars(_unfitted(input_dim, context)).items():
            self.register_buffer(name, tensor)
        self.centre: torch.Tensor
        self.weight: torch.Tensor
        self.bias: torch.Tensor
        self.whitener: torch.Tensor

    def begin_with(self, numbers: torch.Tensor, reading: Reading, *, shared: float = 0.0) -> None:
        """Take over a fitted linear part.

        Args:
            numbers: (2 L + 2,) b, d, e and f. Only their direction says which row comes next, so they are
                made as long as 1: a step of the optimiser then moves numbers and network alike.
            reading: what contexts are read with.
            shared: how much of the centre is added.
        """
        with torch.no_grad():
            self.shared.fill_(shared)
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
        correction = self._correction((contexts - self.centre) * self.scale)
        answer = linear + self.alpha * correction + self.shared * self.centre
        return nn.functional.normalize(answer, dim=-1)

    def _correction(self, rows: torch.Tensor) -> torch.Tensor:
        """(B, D) of all networks together; while they train, of each for the windows that are its own."""
        members = len(self.networks)
        if not self.training or len(rows) < members:
            return torch.stack([network(rows) for network in self.networks]).mean(dim=0)
        parts = [network(rows[first::members]) for first, network in enumerate(self.networks)]
        answer = torch.empty_like(rows[:, 0])
        for first, part in enumerate(parts):
            answer[first::members] = part
        return answer


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
        self,
        *,
        dimension: int,
        context: int,
        sizes: Mapping[str, ConfigValue],
        network: str = _USUAL,
        members: int = 1,
    ) -> dict[str, object]:
        """The configuration with small networks of some kind, some of whose sizes are replaced.

        Raises:
            ModelError: no such network. UsageError: the network has no such size.
        """
        inner = _network(network)
        small = {size: value for size, value in _SMALL.items() if size in inner.sizes}
        config = inner.sized_config(dimension=dimension, context=context, sizes={**small, **sizes})
        own = {**self.dimensions(dimension, context), "members": members}
        return {**own, NETWORK: network, NETWORK_CONFIG: config}

    def build(self, config: Mapping[str, object]) -> nn.Module:
        """Build the module around its networks.

        Raises:
            ModelError: of this configuration, or of the network's.
        """
        name, inner = config.get(NETWORK), config.get(NETWORK_CONFIG)
        if not isinstance(name, str) or not isinstance(inner, Mapping):
            raise ModelError(
                f"architecture {NAME!r} needs {NETWORK!r}, the name of an architecture, and "
                f"{NETWORK_CONFIG!r}, what that is built from, in model_config"
            )
        network = functools.partial(_network(name).build, inner)
        around = replace(self, make=functools.partial(LogitResidual, network=network))
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
    defaults={"members": 1},
    dimensions=lambda dimension, context: {"input_dim": dimension, "context": context},
)
