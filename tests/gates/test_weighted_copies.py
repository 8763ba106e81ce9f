import numpy as np
import torch

from gates.contracts import Queries
from gates.weighted_copies import WeightedCopy

FOLD = np.array([0, 0, 1], dtype=np.int64)


def test_it_is_the_weighted_sum_of_centred_chunks() -> None:
    generator = torch.Generator().manual_seed(0)
    weights, centres = torch.randn(2, 3, generator=generator), torch.randn(2, 4, generator=generator)
    copy = WeightedCopy(weights, centres, FOLD, "copy")
    contexts, rows = torch.randn(3, 3, 4, generator=generator), np.array([2, 0, 1], dtype=np.int64)
    answer = copy.predict(Queries(contexts, rows))
    for i, row in enumerate(rows.tolist()):
        k = FOLD[row]
        expected = sum(float(weights[k][j]) * (contexts[i, j] - centres[k]) for j in range(3))
        assert torch.allclose(answer[i], torch.as_tensor(expected), atol=1e-5)
    assert copy.reads_targets


def test_one_copy_serves_all_and_does_not_look_at_the_target() -> None:
    copy = WeightedCopy(torch.tensor([[0.0, 1.0]]), torch.ones(1, 4), FOLD * 0, "copy")
    contexts = torch.arange(16.0).reshape(2, 2, 4)
    assert not copy.reads_targets
    assert torch.equal(copy.predict(Queries(contexts, np.array([0, 2]))), contexts[:, 1] - 1.0)


def test_the_last_chunk_stands_in_for_a_context_that_cancels() -> None:
    copy = WeightedCopy(torch.ones(1, 2), torch.ones(1, 4), FOLD * 0, "copy")
    contexts = torch.ones(1, 2, 4)
    assert torch.equal(copy.predict(Queries(contexts, np.array([0]))), contexts[:, 1])
