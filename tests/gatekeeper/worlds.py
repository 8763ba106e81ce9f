"""Small data in memory whose next chunk is known: each is the one before, turned."""

import math

import numpy as np
import torch
from torch import nn

import gatekeeper
from tests.gatekeeper.conftest import ARTICLES, CHUNKS, WIDTH, rotating_vectors

CONTEXT = 5


def arrays() -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    """Vectors (N, D), the article of each (N,)."""
    return {"vectors": rotating_vectors(0), "articles": np.repeat(np.arange(ARTICLES), CHUNKS)}


def rotating_data() -> gatekeeper.Data:
    """Eighteen articles, six a split."""
    return gatekeeper.load_data(arrays(), train=range(6), val="6-11", ood=np.arange(12, 18))


class Turn(nn.Module):
    """Knows the answer: turns the last chunk by 60 degrees in every plane."""

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        c, s = math.cos(math.pi / 3), math.sin(math.pi / 3)
        pairs = contexts[:, -1].reshape(len(contexts), -1, 2)
        return (pairs @ torch.tensor([[c, s], [-s, c]])).flatten(1)


class Learner(nn.Module):
    """A linear map of the context with dropout and running statistics: it has a mode and a random state."""

    def __init__(self) -> None:
        super().__init__()
        self.drop, self.norm = nn.Dropout(0.2), nn.BatchNorm1d(CONTEXT * WIDTH)
        self.map = nn.Linear(CONTEXT * WIDTH, WIDTH)

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.map(self.drop(self.norm(contexts.flatten(1))))
        return answer


def windows(first: int, last: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Contexts (n, L, D) and targets (n, D) of some articles, for a loop of one's own."""
    rows = torch.from_numpy(rotating_vectors(0)).view(ARTICLES, CHUNKS, WIDTH)[first:last]
    rows = nn.functional.normalize(rows, dim=-1)
    contexts = rows.unfold(1, CONTEXT, 1)[:, :-1].transpose(2, 3).reshape(-1, CONTEXT, WIDTH)
    return contexts.contiguous(), rows[:, CONTEXT:].reshape(-1, WIDTH)
