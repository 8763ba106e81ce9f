"""Attention mixture network: the mean of the context plus a learned correction.

State-dict keys and arithmetic are those of the public LVM code.
"""

import math

import torch
from torch import nn

from trainers.contracts import Architecture


class AttentionMixture(nn.Module):
    """``normalise(mean + residual(mean, attention-weighted mean))``.

    The mean asks, the chunks answer: one attention head without values, whose weights mix the
    chunks themselves.

    Args:
        input_dim: D.
        d_model: width of queries and keys.
        hidden_dim: width of the correction network, at least 2.
        output_dim: must equal ``input_dim``, since the mean is added to the correction.
    """

    def __init__(
        self, *, input_dim: int, d_model: int, hidden_dim: int, output_dim: int | None = None
    ) -> None:
        super().__init__()
        if output_dim not in (None, input_dim):
            raise ValueError(f"output_dim {output_dim} must equal input_dim {input_dim}")
        if hidden_dim < 2:
            raise ValueError(f"hidden_dim must be at least 2, since it is halved; found {hidden_dim}")
        self.context_encoder = nn.Linear(input_dim, d_model)
        self.query_encoder = nn.Linear(input_dim, d_model)
        self.residual_net = nn.Sequential(
            nn.Linear(2 * input_dim, hidden_dim),
            nn.GELU(),
            nn.LayerNorm(hidden_dim),
            nn.Linear(hidden_dim, hidden_dim // 2),
            nn.GELU(),
            nn.LayerNorm(hidden_dim // 2),
            nn.Linear(hidden_dim // 2, input_dim),
        )
        self.scale = 1.0 / math.sqrt(d_model)

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        """(B, L, D) -> (B, D) of unit length."""
        mean = contexts.mean(dim=1)
        keys, query = self.context_encoder(contexts), self.query_encoder(mean)
        weights = torch.softmax(torch.einsum("bd,bld->bl", query, keys) * self.scale, dim=-1)
        mixture = torch.einsum("bl,bld->bd", weights, contexts)
        correction = self.residual_net(torch.cat([mean, mixture], dim=-1))
        return nn.functional.normalize(mean + correction, dim=-1)


ARCHITECTURE = Architecture(
    name="amn",
    summary="mean of the context plus a learned correction",
    make=AttentionMixture,
    defaults={"d_model": 256, "hidden_dim": 512},
    dimensions=lambda dimension, context: {"input_dim": dimension, "output_dim": dimension},
    optional=("output_dim",),
    sizes={"width": "d_model", "hidden": "hidden_dim"},
)
