"""Worlds whose chunks share a direction: the best prediction of all else is judged by what it knows."""

import math

import numpy as np
import pytest
import torch
from torch import nn

import gatekeeper

WIDTH, ARTICLES, CHUNKS = 32, 38, 30
MEMORY = 0.95
"""So much of a chunk is the one before, turned; the rest is new."""


def turn() -> torch.Tensor:
    """(D, D): by 60 degrees in every plane, in coordinates of no meaning."""
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(rng.standard_normal((WIDTH, WIDTH)))
    c, s = math.cos(math.pi / 3), math.sin(math.pi / 3)
    turned = np.kron(np.eye(WIDTH // 2), np.array([[c, -s], [s, c]]))
    return torch.from_numpy(basis @ turned @ basis.T).float()


def world(common: float) -> gatekeeper.Data:
    """Of each chunk, the share ``common`` of its squared length is one direction."""
    rng, turned = np.random.default_rng(3), turn().double().numpy()
    chunk = rng.standard_normal((ARTICLES, WIDTH)) / math.sqrt(WIDTH)
    rows = []
    for _ in range(CHUNKS):
        rows.append(chunk / np.linalg.norm(chunk, axis=1, keepdims=True))
        news = rng.standard_normal(chunk.shape) / math.sqrt(WIDTH)
        chunk = MEMORY * chunk @ turned.T + math.sqrt(1 - MEMORY**2) * news
    shared = np.eye(WIDTH)[0]
    vectors = math.sqrt(1 - common) * np.stack(rows, axis=1) + math.sqrt(common) * shared
    return gatekeeper.load_data(
        {"vectors": vectors.reshape(-1, WIDTH), "articles": np.repeat(np.arange(ARTICLES), CHUNKS)},
        train=range(12),
        val=range(12, 25),
        ood=range(25, 38),
    )


class Residual(nn.Module):
    """Turns what the last chunk does not share with all others: its cosine is far below a constant's."""

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        last = contexts[:, -1].clone()
        last[:, 0] = 0.0
        return last @ turn().T


@pytest.mark.parametrize(
    ("policy", "common"), [("skill", 0.75), ("skill", 0.95), ("seed-5cat", 0.6), ("seed-5cat", 0.9)]
)
def test_who_predicts_the_residual_is_deployable(policy: str, common: float) -> None:
    evaluation = gatekeeper.evaluate(Residual(), world(common), policy=policy)
    cosine = "offset_sweep.cos"
    evidence = evaluation.report.evidence
    model, constant = (each["ood"][cosine].value for each in (evidence.model, evidence.controls["constant"]))
    assert model is not None
    assert constant is not None
    assert model < constant - 0.1
    assert evaluation.deployable, evaluation.reasons
