"""A module that is a function."""

from collections.abc import Callable

import torch
from torch import nn


class Forward(nn.Module):
    """Whatever a function makes of the contexts."""

    def __init__(self, made: Callable[[torch.Tensor], object]) -> None:
        super().__init__()
        self.made = made

    def forward(self, contexts: torch.Tensor) -> object:
        return self.made(contexts)
