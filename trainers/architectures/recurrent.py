"""Recurrent networks with the state-dict keys of the public LVM code."""

import torch
from torch import nn

from trainers.contracts import Architecture


class GruBlock(nn.Module):
    """``norm(x + dropout(gru(x)))``."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.gru = nn.GRU(width, width, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, L, width) -> (B, L, width)."""
        states, _ = self.gru(x)
        normed: torch.Tensor = self.norm(x + self.dropout(states))
        return normed


class GruStack(nn.Module):
    """Residual GRU blocks between two projections.

    Args:
        input_dim: D of the context.
        d_model: width.
        num_layers: blocks.
        dropout: after each GRU while training.
        output_dim: D of the prediction; ``input_dim`` when None.
    """

    def __init__(
        self, *, input_dim: int, d_model: int, num_layers: int, dropout: float, output_dim: int | None = None
    ) -> None:
        super().__init__()
        self.input_proj = nn.Linear(input_dim, d_model)
        self.blocks = nn.ModuleList(GruBlock(d_model, dropout) for _ in range(num_layers))
        self.output_proj = nn.Linear(d_model, output_dim or input_dim)

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        """(B, L, D) -> (B, D) of unit length."""
        x = self.input_proj(contexts)
        for block in self.blocks:
            x = block(x)
        return nn.functional.normalize(self.output_proj(x[:, -1]), dim=-1)


class LstmStack(nn.Module):
    """A stacked LSTM and a projection of its last state.

    Args:
        input_dim: D of the context.
        hidden_dim: width.
        num_layers: stacked layers.
        dropout: between layers while training.
        output_dim: D of the prediction; ``input_dim`` when None.
    """

    def __init__(
        self,
        *,
        input_dim: int,
        hidden_dim: int,
        num_layers: int,
        dropout: float,
        output_dim: int | None = None,
    ) -> None:
        super().__init__()
        # torch warns about dropout where there is no layer to drop between.
        between = dropout if num_layers > 1 else 0.0
        self.lstm = nn.LSTM(input_dim, hidden_dim, num_layers, batch_first=True, dropout=between)
        self.output_proj = nn.Linear(hidden_dim, output_dim or input_dim)

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        """(B, L, D) -> (B, D) of unit length."""
        states, _ = self.lstm(contexts)
        return nn.functional.normalize(self.output_proj(states[:, -1]), dim=-1)


GRU = Architecture(
    name="gru",
    summary="residual GRU blocks, 4 layers of width 512",
    make=GruStack,
    defaults={"d_model": 512, "num_layers": 4, "dropout": 0.0},
    dimensions=lambda dimension, context: {"input_dim": dimension, "output_dim": dimension},
    optional=("output_dim",),
    sizes={"layers": "num_layers", "width": "d_model", "dropout": "dropout"},
)

LSTM = Architecture(
    name="lstm",
    summary="stacked LSTM, 2 layers of width 512",
    make=LstmStack,
    defaults={"hidden_dim": 512, "num_layers": 2, "dropout": 0.2},
    dimensions=lambda dimension, context: {"input_dim": dimension, "output_dim": dimension},
    optional=("output_dim",),
    sizes={"layers": "num_layers", "width": "hidden_dim", "dropout": "dropout"},
)
