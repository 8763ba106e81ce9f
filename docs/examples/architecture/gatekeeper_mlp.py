"""An architecture of your own: a perceptron that corrects the last chunk."""

import torch
from torch import nn

from trainers import Architecture


class Perceptron(nn.Module):
    """``last + correction(context.flatten())``.

    Args:
        input_dim: D.
        context: L.
        hidden_dim: width of the hidden layer.
        dropout: of the hidden layer, in training.
    """

    def __init__(self, *, input_dim: int, context: int, hidden_dim: int, dropout: float) -> None:
        super().__init__()
        self.correction = nn.Sequential(
            nn.Linear(context * input_dim, hidden_dim),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_dim, input_dim),
        )

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        """(B, L, D) -> (B, D); whoever reads it normalises."""
        answer: torch.Tensor = contexts[:, -1] + self.correction(contexts.flatten(1))
        return answer


ARCHITECTURE = Architecture(
    name="mlp",
    summary="a perceptron that corrects the last chunk",
    make=Perceptron,
    defaults={"hidden_dim": 512, "dropout": 0.1},
    dimensions=lambda dimension, context: {"input_dim": dimension, "context": context},
    sizes={"hidden": "hidden_dim", "dropout": "dropout"},
)
