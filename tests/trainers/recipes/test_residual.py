"""p2: the network's answer is a step from the last chunk, in training and in the file."""

import pytest
import torch
from torch import nn

from schemas.errors import UsageError
from tests.trainers.fitting import MakeJob, fit
from tests.trainers.tiny import data
from trainers.checkpoints.checkpoint import read_checkpoint, restore
from trainers.contracts import MODEL_FILE
from trainers.recipes.residual import P2Settings, ResidualObjective


class Fixed(nn.Module):
    """Answers the same whatever it reads."""

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        return torch.tensor([[0.0, 2.0]])


def test_an_answer_by_hand() -> None:
    module = ResidualObjective(P2Settings(alpha=0.75), data(1)).dress(Fixed())
    # u = (1, 0), although the chunk has length 3; u + 0.75 (0, 2) = (1, 1.5), of length 1.802776.
    answer = module(torch.tensor([[[0.0, 1.0], [3.0, 0.0]]]))
    assert answer[0].tolist() == pytest.approx([0.554700, 0.832050], abs=1e-6)


def test_alpha_is_learned_and_comes_back_from_the_file(make_job: MakeJob) -> None:
    job = make_job(horizon=1)
    fit(job, "p2", epochs=1)
    checkpoint = read_checkpoint((job.folder / MODEL_FILE).read_bytes(), MODEL_FILE)
    restored = restore(checkpoint, MODEL_FILE)
    assert restored.alpha is not None
    assert float(restored.alpha) == float(checkpoint.state["alpha"]) != 0.5
    assert 0.4 < float(restored.alpha) < 0.6  # seven steps of 5e-4


def test_alpha_must_move_something() -> None:
    with pytest.raises(UsageError, match="alpha must lie above 0"):
        P2Settings(alpha=0.0)
