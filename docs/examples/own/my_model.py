"""A model of your own: any module from (B, L, D) to (B, D), and a function that makes it."""

import torch
from torch import nn


class LastChunk(nn.Module):
    """A linear map of the last chunk."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.map = nn.Linear(dimension, dimension, bias=False)

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        """(B, L, D) -> (B, D), of any length but zero."""
        answer: torch.Tensor = self.map(contexts[:, -1])
        return answer


def make() -> nn.Module:
    """The model with its weights; gatekeeper calls it without arguments."""
    model = LastChunk(32)
    # Yours: model.load_state_dict(torch.load("weights.pt", weights_only=True))
    with torch.no_grad():
        model.map.weight.copy_(torch.eye(32).roll(1, 0))
    return model
