"""Which windows are asked together."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.order import MAPPED_BLOCK, dealt_block, interleave
from tests.gates.conftest import awkward_bank


@given(
    count=st.integers(0, 300),
    size=st.integers(1, 70),
    seed=st.integers(0, 2**63 - 1),
    block=st.none() | st.integers(1, 120),
)
def test_every_window_is_asked_once_and_sizes_are_even(
    count: int, size: int, seed: int, block: int | None
) -> None:
    batches = [batch.tolist() for batch in interleave(count, size, seed=seed, block=block)]
    assert sorted(number for batch in batches for number in batch) == list(range(count))
    assert all(1 <= len(batch) <= size for batch in batches)
    if block is None and batches:
        sizes = [len(batch) for batch in batches]
        assert len(batches) == -(-count // size)
        assert sizes[0] == max(sizes) <= min(sizes) + 1


@pytest.mark.parametrize(("count", "size"), [(1000, 256), (1001, 256), (64, 16), (5, 2), (7, 7), (9, 1)])
def test_the_kth_batch_holds_every_nth_window_from_k(count: int, size: int) -> None:
    batches = list(interleave(count, size, seed=3))
    start, number = int(batches[0][0]), len(batches)
    for k, batch in enumerate(batches):
        assert batch.tolist() == [(start + k + j * number) % count for j in range(len(batch))]


def test_neighbours_are_as_many_windows_apart_as_there_are_batches() -> None:
    count, size = 8_700, 256
    for batch in interleave(count, size, seed=0):
        gaps = np.diff(np.sort(batch))
        # One gap lies where the circle closes: between the last window of the bank and the first.
        assert (gaps == -(-count // size)).sum() >= len(gaps) - 1


def test_the_seed_alone_decides_where_the_circle_begins() -> None:
    def begins(seed: int) -> int:
        return int(next(iter(interleave(5_000, 64, seed=seed)))[0])

    assert begins(7) == begins(7)
    assert len({begins(seed) for seed in range(50)}) > 45


def test_a_block_is_dealt_before_the_next_one() -> None:
    batches = list(interleave(1_000, 16, seed=0, block=200))
    circle = (np.arange(1_000) + int(batches[0][0])) % 1_000
    for number in range(5):
        within = np.concatenate(batches[number * 13 : (number + 1) * 13])  # ceil(200 / 16) batches
        assert sorted(within.tolist()) == sorted(circle[number * 200 : (number + 1) * 200].tolist())


def test_only_a_mapped_bank_is_dealt_in_blocks(tmp_path: Path) -> None:
    bank = awkward_bank()
    assert dealt_block(bank) is None
    np.save(tmp_path / "vectors.npy", bank.vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="c")
    assert dealt_block(replace(bank, vectors=mapped)) == MAPPED_BLOCK == 65_536
