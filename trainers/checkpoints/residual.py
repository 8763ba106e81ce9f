"""The residual wrapper of the public LVM code: a network that says how far to move from the last chunk."""

from collections.abc import Collection, Mapping

import torch
from torch import nn

BASE, ALPHA = "base.", "alpha"


class ResidualNext(nn.Module):
    """``normalise(u + alpha * base(contexts))`` with u the last chunk of unit length.

    Args:
        base: the network (B, L, D) -> (B, D).
        alpha: () how far it moves, which was trained with it.
    """

    def __init__(self, base: nn.Module, alpha: torch.Tensor) -> None:
        super().__init__()
        self.base = base
        self.alpha = nn.Parameter(alpha.clone())

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        """(B, L, D) -> (B, D) of unit length."""
        last = nn.functional.normalize(contexts[:, -1], dim=-1)
        return nn.functional.normalize(last + self.alpha * self.base(contexts), dim=-1)


def without_wrapper(
    found: Mapping[str, torch.Tensor], expected: Collection[str]
) -> tuple[torch.Tensor, Mapping[str, torch.Tensor]] | None:
    """``alpha`` and the weights of the network, or None where it is no residual wrapper of that network.

    Args:
        found: the file's weights by name.
        expected: the names of the network's own.
    """
    alpha = found.get(ALPHA)
    if alpha is None or alpha.numel() != 1 or not alpha.is_floating_point():
        return None
    if found.keys() != {ALPHA, *(BASE + name for name in expected)}:
        return None
    rest = {name.removeprefix(BASE): tensor for name, tensor in found.items() if name != ALPHA}
    return alpha.reshape(()), rest
