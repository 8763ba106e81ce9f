"""Hashes keyed by row: SplitMix64 as published, and independent of what else is asked."""

import zlib

import numpy as np
import pytest

from gates.seeded import hash_rows, pick

WORD = 2**64


def finalise(state: int) -> int:
    """SplitMix64's step in Python's whole numbers."""
    state = (state + 0x9E3779B97F4A7C15) % WORD
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) % WORD
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) % WORD
    return state ^ (state >> 31)


def naive(row: int, seed: int, stream: str) -> int:
    mixed = finalise(finalise(seed) ^ zlib.crc32(stream.encode()))
    return finalise(finalise(row ^ mixed) ^ mixed)


def test_the_published_first_number_of_the_generator() -> None:
    assert finalise(0) == 0xE220A8397B1DCDAF


@pytest.mark.parametrize("seed", [0, 7, 2**63 - 1])
@pytest.mark.parametrize("stream", ["draw", "shuffle"])
def test_hashes_are_those_of_whole_numbers(seed: int, stream: str) -> None:
    rows = np.array([[0, 1, 2], [3, 10**6, 2**40]])
    expected = [[naive(int(row), seed, stream) for row in line] for line in rows]
    assert hash_rows(rows, seed=seed, stream=stream).tolist() == expected
    assert pick(1000, seed=seed, stream=stream) == naive(0, seed, stream) % 1000


def test_a_row_has_its_hash_whatever_else_is_asked() -> None:
    rows = np.arange(500)
    whole = hash_rows(rows, seed=3, stream="draw")
    assert (hash_rows(rows[::-7], seed=3, stream="draw") == whole[::-7]).all()


def test_other_seeds_and_streams_are_other_hashes() -> None:
    rows = np.arange(500)
    seen = [hash_rows(rows, seed=s, stream=n) for s, n in ((0, "a"), (1, "a"), (0, "b"))]
    assert len({int(value) for hashes in seen for value in hashes}) == 1500


def test_a_pick_reaches_every_number_evenly() -> None:
    counts = np.bincount([pick(10, seed=seed, stream="x") for seed in range(5000)], minlength=10)
    # 500 each, standard deviation 21.
    assert abs(counts - 500).max() < 5 * 21.3
