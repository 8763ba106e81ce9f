"""A transformer decoder that attends to its own input.

State-dict keys and arithmetic are those of the public LVM code: post-norm decoder layers with ReLU
and four times the width, memory equal to the input, causal masks on both attentions, sinusoidal
positions in a buffer of 100, a two-layer head with GELU and layer norm, output of unit length.
"""

import math

import torch
from torch import nn

from trainers.contracts import Architecture

POSITIONS = 100
"""Longest context a checkpoint's position buffer holds."""


class SinusoidalPositions(nn.Module):
    """Adds ``sin`` and ``cos`` of geometrically spaced frequencies (Vaswani et al. 2017, 3.5)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        positions = torch.arange(POSITIONS, dtype=torch.float32)[:, None]
        frequencies = torch.exp(torch.arange(0, width, 2).float() * (-math.log(10_000.0) / width))
        table = torch.zeros(1, POSITIONS, width)
        table[0, :, 0::2] = torch.sin(positions * frequencies)
        table[0, :, 1::2] = torch.cos(positions * frequencies)
        self.register_buffer("pe", table)
        self.pe: torch.Tensor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, L, width) with the first L positions added."""
        return x + self.pe[:, : x.shape[1]]


def _last_position(layer: nn.TransformerDecoderLayer, x: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
    """What the layer makes of the last position, (B, L, width) -> (B, width).

    Only that position is read afterwards, and it may look at all others, so the same numbers come
    without a mask and without the work for the positions before it.
    """
    query = x[:, -1:]
    attended, _ = layer.self_attn(query, x, x, need_weights=False)
    query = layer.norm1(query + layer.dropout1(attended))
    attended, _ = layer.multihead_attn(query, memory, memory, need_weights=False)
    query = layer.norm2(query + layer.dropout2(attended))
    hidden = layer.linear2(layer.dropout(layer.activation(layer.linear1(query))))
    normed: torch.Tensor = layer.norm3(query + layer.dropout3(hidden))
    return normed[:, 0]


class Transformer(nn.Module):
    """Predicts from the last position of a causally masked decoder.

    Args:
        input_dim: D of the context.
        d_model: width, even and divisible by ``nhead``.
        nhead: attention heads.
        num_layers: decoder layers.
        dropout: while training.
        output_dim: D of the prediction; ``input_dim`` when None.
    """

    def __init__(
        self,
        *,
        input_dim: int,
        d_model: int,
        nhead: int,
        num_layers: int,
        dropout: float,
        output_dim: int | None = None,
    ) -> None:
        super().__init__()
        self.input_proj = nn.Linear(input_dim, d_model)
        self.pos_encoder = SinusoidalPositions(d_model)
        layer = nn.TransformerDecoderLayer(d_model, nhead, 4 * d_model, dropout, batch_first=True)
        self.transformer_decoder = nn.TransformerDecoder(layer, num_layers)
        self.head = nn.Sequential(
            nn.Linear(d_model, d_model),
            nn.GELU(),
            nn.LayerNorm(d_model),
            nn.Linear(d_model, output_dim or input_dim),
        )

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        """(B, L, D) -> (B, D) of unit length."""
        length = contexts.shape[1]
        memory = self.pos_encoder(self.input_proj(contexts))
        mask = nn.Transformer.generate_square_subsequent_mask(length, device=contexts.device).to(memory.dtype)
        x = memory
        *layers, last = self.transformer_decoder.layers
        for layer in layers:
            x = layer(x, memory, tgt_mask=mask, memory_mask=mask)
        return nn.functional.normalize(self.head(_last_position(last, x, memory)), dim=-1)


ARCHITECTURE = Architecture(
    name="transformer",
    summary="causal transformer decoder, 4 layers of width 512",
    make=Transformer,
    defaults={"d_model": 512, "nhead": 8, "num_layers": 4, "dropout": 0.1},
    dimensions=lambda dimension, context: {"input_dim": dimension, "output_dim": dimension},
    optional=("output_dim",),
    sizes={"layers": "num_layers", "width": "d_model", "heads": "nhead", "dropout": "dropout"},
)
