"""Memory is counted against the size of a file before it is used."""

import pytest

from gatekeeper.data.formats.allowance import Allowance
from schemas.errors import DataError

FREE, PER_BYTE = 160 * 2**20, 16


@pytest.mark.parametrize("size", [0, 1000, 10**9])
def test_what_may_be_spent_grows_with_the_file(size: int) -> None:
    most = PER_BYTE * size + FREE
    allowance = Allowance(size, "bank.npz")
    allowance.spend(most - 10, "the vectors")
    allowance.spend(10, "the texts")
    with pytest.raises(DataError, match=r"^bank\.npz: the ids would bring the memory for this file of "):
        allowance.spend(1, "the ids")


def test_sizes_are_told_in_words_with_what_to_do() -> None:
    with pytest.raises(DataError) as caught:
        Allowance(500_000, "x.npz").spend(10**9, "vectors (9, 9)")
    assert str(caught.value) == (
        "x.npz: vectors (9, 9) would bring the memory for this file of 0.5 MB above 175.8 MB; if that is "
        "meant, store it uncompressed (numpy.savez)"
    )


@pytest.mark.parametrize(
    ("check", "free", "per_byte"),
    [("check_text", 3 * 2**30, 300), ("check_vectors", 2**30, 100)],
)
def test_what_is_read_in_blocks_is_bounded_for_its_time(check: str, free: int, per_byte: int) -> None:
    for size in (10, 10**9):
        most = max(free, per_byte * size)
        allowance = Allowance(size, "x.npz")
        getattr(allowance, check)(most, "its texts")
        getattr(allowance, check)(most, "its texts")  # nothing is used up
        with pytest.raises(DataError, match=r"x\.npz: its texts inflates to .*; at most .* are read"):
            getattr(allowance, check)(most + 1, "its texts")
