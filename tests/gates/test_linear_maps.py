import numpy as np
import torch

from gates.contracts import Queries
from gates.linear_maps import LinearMaps

FOLD = np.array([0, 0, 1, 1, 2], dtype=np.int64)


def test_each_article_is_answered_by_its_fold() -> None:
    generator = torch.Generator().manual_seed(0)
    weights, biases = torch.randn(3, 8, 4, generator=generator), torch.randn(3, 4, generator=generator)
    maps = LinearMaps(weights, biases, FOLD, "maps")
    assert maps.reads_targets
    contexts = torch.randn(5, 2, 4, generator=generator)
    rows = np.array([4, 0, 3, 1, 2], dtype=np.int64)
    answer = maps.predict(Queries(contexts, rows))
    for i, row in enumerate(rows.tolist()):
        k = FOLD[row]
        assert torch.allclose(answer[i], contexts[i].flatten() @ weights[k] + biases[k], atol=1e-5)
        alone = maps.predict(Queries(contexts[i : i + 1], rows[i : i + 1]))
        assert torch.allclose(alone[0], answer[i], atol=1e-6)


def test_one_map_serves_all_and_does_not_look_at_the_target() -> None:
    maps = LinearMaps(torch.eye(4)[None], torch.ones(1, 4), FOLD * 0, "maps")
    contexts = torch.arange(8.0).reshape(2, 1, 4)
    assert not maps.reads_targets
    assert torch.equal(maps.predict(Queries(contexts, np.array([0, 4]))), contexts[:, 0] + 1.0)


def test_the_last_chunk_stands_in_for_an_answer_without_direction() -> None:
    contexts = torch.arange(8.0).reshape(1, 2, 4)
    for folds in (1, 3):
        maps = LinearMaps(torch.zeros(folds, 8, 4), torch.zeros(folds, 4), FOLD, "maps")
        assert torch.equal(maps.predict(Queries(contexts, np.array([3]))), contexts[:, 1])
