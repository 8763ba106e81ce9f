"""A network that is told the place of each chunk, as one more number beside its vector."""

from collections.abc import Mapping

import torch
from torch import nn

from trainers.checkpoints.residual import BASE

PLACES = "places"


class Positioned(nn.Module):
    """Appends its place to each chunk, and takes the answer's last number away.

    Args:
        base: the network (B, L, D + 1) -> (B, D + 1).
        places: (L,) what is appended, first chunk to last; kept with the weights.
    """

    def __init__(self, base: nn.Module, places: torch.Tensor) -> None:
        super().__init__()
        self.base = base
        self.register_buffer(PLACES, places.clone())
        self.places: torch.Tensor

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        """(B, L, D) -> (B, D) of unit length."""
        column = self.places.to(contexts).expand(len(contexts), -1)[..., None]
        answer = self.base(torch.cat([contexts, column], dim=-1))
        return nn.functional.normalize(answer[:, :-1], dim=-1)


def evenly(length: int, scale: float) -> torch.Tensor:
    """(L,) places from 0 to ``scale``.

    Example:
        >>> evenly(5, 0.1).tolist()[-1]
        0.10000000149011612
    """
    return torch.linspace(0.0, 1.0, length) * scale


def appended(state: Mapping[str, torch.Tensor]) -> int:
    """How many numbers a file's wrapper appends to each chunk; its network reads so many more."""
    return 0 if without_places(state) is None else 1


def without_places(
    found: Mapping[str, torch.Tensor],
) -> tuple[str, torch.Tensor, Mapping[str, torch.Tensor]] | None:
    """The prefix of all names, the places, and the weights of the network; None where it has no such wrapper.

    Args:
        found: the file's weights by name.
    """
    names = [name for name in found if name == PLACES or name.endswith(f".{PLACES}")]
    if len(names) != 1:
        return None
    prefix = names[0].removesuffix(PLACES)
    places, start = found[names[0]], prefix + BASE
    rest = {name: tensor for name, tensor in found.items() if name != names[0]}
    if places.ndim != 1 or not places.is_floating_point() or not all(name.startswith(start) for name in rest):
        return None
    return prefix, places, {name.removeprefix(start): tensor for name, tensor in rest.items()}
