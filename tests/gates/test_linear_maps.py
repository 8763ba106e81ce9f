import numpy as np
import pytest
import torch

from gates.contracts import Queries
from gates.linear_maps import LinearMaps, Products

FOLD = np.array([0, 0, 1, 1, 2], dtype=np.int64)


def test_each_article_is_answered_by_its_fold() -> None:
    generator = torch.Generator().manual_seed(0)
    weights, biases = torch.randn(3, 8, 4, generator=generator), torch.randn(3, 4, generator=generator)
    maps = LinearMaps(Products(weights, FOLD), biases, "maps")
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
    maps = LinearMaps(Products(torch.eye(4)[None], FOLD * 0), torch.ones(1, 4), "maps")
    contexts = torch.arange(8.0).reshape(2, 1, 4)
    assert not maps.reads_targets
    assert torch.equal(maps.predict(Queries(contexts, np.array([0, 4]))), contexts[:, 0] + 1.0)


def test_the_last_chunk_stands_in_for_an_answer_without_direction() -> None:
    contexts = torch.arange(8.0).reshape(1, 2, 4)
    for folds in (1, 3):
        maps = LinearMaps(Products(torch.zeros(folds, 8, 4), FOLD), torch.zeros(folds, 4), "maps")
        assert torch.equal(maps.predict(Queries(contexts, np.array([3]))), contexts[:, 1])


def products(folds: int) -> Products:
    generator = torch.Generator().manual_seed(1)
    return Products(torch.randn(folds, 8, 4, generator=generator), FOLD if folds > 1 else FOLD * 0)


@pytest.mark.parametrize("folds", [1, 3])
def test_what_was_asked_before_is_not_made_again(folds: int) -> None:
    made, bank = products(folds), torch.randn(5, 4, generator=torch.Generator().manual_seed(2))
    rows, targets = np.array([[0, 1], [2, 3]]), np.array([0, 4])
    queries = Queries(bank[torch.from_numpy(rows)], targets, rows)
    with made.kept():
        first = made.of(queries)
        assert made.of(Queries(queries.contexts.clone(), targets, rows.copy())) is first
        others = [
            Queries(bank[torch.from_numpy(rows[::-1].copy())], targets, rows[::-1]),
            Queries(queries.contexts, targets[::-1], rows),
            Queries(queries.contexts, targets),  # of no rows: nothing tells two of them apart
        ]
        for other in others:
            found = made.of(other)
            assert found is not first
            assert torch.allclose(found, products(folds).of(other))
    assert made.of(queries) is not first
    assert torch.equal(made.of(queries), first)


def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made, contexts = products(1), torch.ones(2, 2, 4)
    monkeypatch.setattr("gates.linear_maps.MOST_KEPT", 2 * 2 * 4 * 4)
    asked = [Queries(contexts, np.array([0, 1]), np.array([[k, 0], [1, k]])) for k in range(3)]
    with made.kept():
        first = [made.of(each) for each in asked]
        again = [made.of(each) for each in asked]
    assert [one is other for one, other in zip(first, again, strict=True)] == [True, True, False]
