"""A checkpoint whose input is a chunk and its place."""

import torch
from torch import nn

from trainers.architectures.recurrent import GruStack

FILE = "best_model.pt"


class Positional(nn.Module):
    """Appends the place of each chunk, from 0 to 1 times a scale, to its vector."""

    def __init__(self, base: nn.Module, scale: float) -> None:
        super().__init__()
        self.base, self.scale = base, scale

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        """(B, L, D) -> (B, D)."""
        batch, length, _ = contexts.shape
        place = torch.linspace(0, 1, length, device=contexts.device) * self.scale
        answer: torch.Tensor = self.base(torch.cat([contexts, place.expand(batch, length)[..., None]], dim=2))
        return answer


def make() -> nn.Module:
    """The network of a file, and the scale that it was trained with."""
    stored = torch.load(FILE, weights_only=True)
    base = GruStack(**stored["model_config"])
    base.load_state_dict(stored["model_state_dict"])
    return Positional(base, scale=stored["args"]["positional_scalar"])
