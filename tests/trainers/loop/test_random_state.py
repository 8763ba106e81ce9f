"""Random numbers go on where they were, in this process and from a file."""

import random

import numpy as np
import pytest
import torch

from trainers.loop.random_state import random_state, random_state_kept, restore_random_state

CPU = torch.device("cpu")


def drawn() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(()))  # noqa: NPY002


def test_a_restored_state_draws_the_same_again() -> None:
    state = random_state(CPU)
    first = torch.rand(5)
    torch.rand(3)
    restore_random_state(state, CPU)
    assert torch.equal(torch.rand(5), first)


def test_a_state_saved_on_the_host_alone_is_restored_there() -> None:
    assert list(random_state(CPU)) == ["cpu"]
    state = {"cpu": random_state(CPU)["cpu"], "cuda": torch.zeros(1, dtype=torch.uint8)}
    first = torch.rand(2)
    restore_random_state(state, CPU)
    assert torch.equal(torch.rand(2), first)


@pytest.mark.parametrize("error", [None, KeyError("x")])
def test_a_block_leaves_all_three_generators_as_they_were(error: Exception | None) -> None:
    def block() -> None:
        with random_state_kept():
            drawn()
            torch.manual_seed(3)
            if error is not None:
                raise error

    with random_state_kept():
        expected = [drawn() for _ in range(3)]
    if error is None:
        block()
    else:
        with pytest.raises(KeyError):
            block()
    assert [drawn() for _ in range(3)] == expected
