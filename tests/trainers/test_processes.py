"""Who computes what: shares of a batch, a group of one, and the group that the environment names."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from gates.contracts import Predictor, Queries
from schemas.errors import EvaluationError, UsageError
from trainers.processes import Group, connect, disconnect, join_group

VARIABLES = {
    "WORLD_SIZE": "3",
    "RANK": "2",
    "LOCAL_RANK": "1",
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": "29500",
}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment that the third process of a group of three finds."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@given(count=st.integers(0, 300), size=st.integers(1, 40), first=st.integers(0, 10**12))
def test_parts_are_consecutive_complete_and_even(count: int, size: int, first: int) -> None:
    rows = np.arange(first, first + count)[::-1].copy()
    parts = [Group(rank, size).part(rows) for rank in range(size)]
    assert [row for part in parts for row in part.tolist()] == rows.tolist()
    # Complete, and each share is count / size rounded down or up.
    assert {len(part) for part in parts} <= {count // size, -(-count // size)}


@pytest.mark.parametrize(
    ("size", "parts"),
    [
        (1, [[0, 1, 2, 3, 4, 5, 6]]),
        (2, [[0, 1, 2], [3, 4, 5, 6]]),  # 7 * 1 // 2 = 3
        (3, [[0, 1], [2, 3], [4, 5, 6]]),  # 7 // 3 = 2, 14 // 3 = 4
        (7, [[0], [1], [2], [3], [4], [5], [6]]),
        (8, [[], [0], [1], [2], [3], [4], [5], [6]]),  # 7 // 8 = 0
    ],
)
def test_parts_by_hand(size: int, parts: list[list[int]]) -> None:
    assert [Group(rank, size).part(np.arange(7)).tolist() for rank in range(size)] == parts


def test_the_first_process_has_rank_zero() -> None:
    assert Group().first
    assert [Group(rank, 3).first for rank in range(3)] == [True, False, False]


def test_a_group_of_one_changes_nothing() -> None:
    group, values, value = Group(), torch.tensor([1.5, -2.0]), {"best": [0.25, None]}
    assert group.sum(values) is values
    assert values.tolist() == [1.5, -2.0]
    assert group.agree(value) is value
    (collected,) = group.collect(value)
    assert collected is value
    assert value == {"best": [0.25, None]}
    module = nn.Linear(2, 2)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    group.equalise(module)
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())


def test_a_group_of_one_meets_nobody() -> None:
    connect(Group(), torch.device("cpu"))
    assert not torch.distributed.is_initialized()
    disconnect(Group())


class _Mean(nn.Module):
    """The mean of the context."""

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        return contexts.mean(dim=1)


def test_a_group_of_one_works_by_itself() -> None:
    contexts = torch.arange(12.0).reshape(2, 3, 2)

    def work(predictor: Predictor) -> tuple[str, list[list[float]]]:
        answer = predictor.predict(Queries(contexts, np.array([7, 8])))
        return predictor.name, answer.tolist()

    found = Group().on_first(_Mean(), torch.device("cpu"), work, name="mean")
    # (0 + 2 + 4) / 3, (1 + 3 + 5) / 3, and 6 more in the second window.
    assert found == ("mean", [[2.0, 3.0], [8.0, 9.0]])


def test_an_error_of_the_work_passes_on() -> None:
    error = EvaluationError("too few windows")

    def work(predictor: Predictor) -> None:
        raise error

    with pytest.raises(EvaluationError) as caught:
        Group().on_first(_Mean(), torch.device("cpu"), work)
    assert caught.value is error


def test_a_process_by_itself_is_a_group_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert join_group() == Group(rank=0, size=1, local=0)
    monkeypatch.setenv("WORLD_SIZE", "1")  # the rest of the environment is not asked for
    assert join_group() == Group(rank=0, size=1, local=0)


@pytest.mark.usefixtures("started")
def test_the_environment_names_the_group() -> None:
    assert join_group() == Group(rank=2, size=3, local=1)


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"])
def test_an_incomplete_environment_is_refused(started: pytest.MonkeyPatch, name: str) -> None:
    started.delenv(name)
    with pytest.raises(UsageError) as caught:
        join_group()
    assert str(caught.value) == (
        f"WORLD_SIZE is set but {name} is not; start several processes with torchrun"
    )


@pytest.mark.parametrize(
    "given",
    [
        *({"WORLD_SIZE": size} for size in ("two", "", " ", "2.0", "0", "-1", "2")),
        {"WORLD_SIZE": "2", "RANK": "5"},
        *({"RANK": rank} for rank in ("", "first", "3", "-1")),
        *({"LOCAL_RANK": local} for local in ("", "first", "-1")),
    ],
)
def test_an_environment_without_a_place_is_refused(
    started: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    for name, value in given.items():
        started.setenv(name, value)
    found = {**VARIABLES, **given}
    with pytest.raises(UsageError) as caught:
        join_group()
    assert str(caught.value) == (
        "the environment names no place in a group: "
        f"RANK={found['RANK']}, WORLD_SIZE={found['WORLD_SIZE']}, LOCAL_RANK={found['LOCAL_RANK']}; "
        "start it with torchrun"
    )


def test_an_empty_size_is_no_group_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORLD_SIZE", "")
    with pytest.raises(UsageError) as caught:
        join_group()
    assert str(caught.value) == "WORLD_SIZE is set but RANK is not; start several processes with torchrun"
