"""Who writes into its input: only its own copy changes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.gates.forwards import DATASET, Forward, plain, run

WRITERS: dict[str, Forward] = {
    "scales": lambda x: x.mul_(3.0)[:, -1].clone(),
    "subtracts": lambda x: (plain(x), x.sub_(x.mean()))[0],
    "sorts": lambda x: (plain(x), x.copy_(x.flip(1)))[0],
    "fills": lambda x: (plain(x), x.fill_(float("nan")))[0],
    "shuffles its batch": lambda x: (plain(x), x.copy_(x[torch.arange(len(x)).flip(0)]))[0],
    "answers with what it changed": lambda x: x[:, -1].add_(0.0),
}


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("who", WRITERS)
def test_whoever_writes_into_its_input_changes_only_its_own_copy(
    who: str, mapped: bool, tmp_path: Path
) -> None:
    bank = DATASET.bank
    vectors = bank.vectors
    if mapped:
        np.save(tmp_path / "vectors.npy", vectors)
        vectors = np.load(tmp_path / "vectors.npy", mmap_mode="c")
    dataset = replace(DATASET, bank=replace(bank, vectors=vectors))
    before, rows = bank.vectors.copy(), dataset.splits["val"].last_rows.copy()
    measured = run(WRITERS[who], dataset)
    assert np.array_equal(vectors, before)
    assert np.array_equal(dataset.splits["val"].last_rows, rows)
    if who in ("subtracts", "sorts", "fills", "shuffles its batch"):
        assert measured.metrics == run(plain).metrics
