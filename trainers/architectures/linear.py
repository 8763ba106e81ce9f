"""A matrix: the flattened context to the target, with a bias."""

import torch
from torch import nn

from trainers.contracts import Architecture


class Linear(nn.Module):
    """``projection(context.flatten())``.

    Args:
        input_dim: D.
        context: L.
    """

    def __init__(self, *, input_dim: int, context: int) -> None:
        super().__init__()
        self.projection = nn.Linear(context * input_dim, input_dim)

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        """(B, L, D) -> (B, D), not normalised."""
        answer: torch.Tensor = self.projection(contexts.flatten(1))
        return answer


ARCHITECTURE = Architecture(
    name="linear",
    summary="a matrix from the flattened context",
    make=Linear,
    defaults={},
    dimensions=lambda dimension, context: {"input_dim": dimension, "context": context},
)
