"""Damage to last chunks: how often, of what kind, and the same whoever asks."""

import numpy as np
import pytest
import torch
from torch import nn

from trainers.loop.noise import SIGMA, SWAP, JitteredLast, Noise, RandomLast, shown

WIDTH = 384
ROWS = np.arange(1000, 5000)


def contexts(length: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return nn.functional.normalize(torch.randn(len(ROWS), length, WIDTH, generator=generator), dim=-1)


CONTEXTS = contexts()


def damaged(noise: Noise | None, *, seed: int = 3, epoch: int = 2) -> torch.Tensor:
    return shown(CONTEXTS, ROWS, noise, seed=seed, epoch=epoch)


def changed(found: torch.Tensor) -> torch.Tensor:
    """(B,) which windows differ, and then in their last chunk only."""
    assert torch.equal(found[:, :-1], CONTEXTS[:, :-1])
    return (found[:, -1] != CONTEXTS[:, -1]).any(dim=-1)


@pytest.mark.parametrize("noise", [None, RandomLast(0.0), JitteredLast(0.0)])
def test_without_a_share_nothing_changes(noise: Noise | None) -> None:
    assert torch.equal(damaged(noise), CONTEXTS)


@pytest.mark.parametrize("share", [0.05, 0.15, 1.0])
def test_so_many_windows_are_damaged(share: float) -> None:
    count = int(changed(damaged(RandomLast(share))).sum())
    # 4000 windows: one standard deviation at .15 is 23.
    assert count == pytest.approx(4000 * share, abs=90)
    assert share < 1.0 or count == 4000


def test_a_random_direction_has_length_one_and_nothing_of_the_chunk() -> None:
    last = damaged(RandomLast(1.0))[:, -1]
    assert torch.allclose(last.norm(dim=-1), torch.ones(len(ROWS)), atol=1e-5)
    cosines = (last * CONTEXTS[:, -1]).sum(dim=-1)
    assert float(cosines.mean()) == pytest.approx(0.0, abs=4 / np.sqrt(WIDTH * len(ROWS)))


def test_jitter_is_a_little_of_everything_and_at_times_a_repetition() -> None:
    last = damaged(JitteredLast(1.0))[:, -1]
    repeated = (last == CONTEXTS[:, -2]).all(dim=-1)
    assert int(repeated.sum()) == pytest.approx(len(ROWS) * SWAP, abs=60)  # one deviation is 14
    cosines = (last * CONTEXTS[:, -1]).sum(dim=-1)[~repeated]
    # cos = (1 + .03 z) / |last + noise|, whose length is sqrt(1 + .0009 * 384) = 1.160: .862.
    expected = 1.0 / np.sqrt(1.0 + SIGMA**2 * WIDTH)
    assert float(cosines.mean()) == pytest.approx(expected, abs=0.003)


def test_a_context_of_one_has_nothing_to_repeat() -> None:
    alone = contexts(1)
    found = shown(alone, ROWS, JitteredLast(1.0), seed=0, epoch=1)
    assert ((found - alone).norm(dim=-1) > 0.1).all()


def test_a_window_is_damaged_alike_alone_and_in_company() -> None:
    together = damaged(JitteredLast(0.5))
    for places in ([7], [3, 2, 1, 0], list(range(100, 140))):
        some = shown(CONTEXTS[places], ROWS[places], JitteredLast(0.5), seed=3, epoch=2)
        assert torch.equal(some, together[places])


@pytest.mark.parametrize("other", [{"seed": 4}, {"epoch": 3}])
def test_another_epoch_or_seed_damages_other_windows(other: dict[str, int]) -> None:
    one, two = changed(damaged(RandomLast(0.5))), changed(damaged(RandomLast(0.5), **other))
    assert int((one & two).sum()) == pytest.approx(1000, abs=120)


def test_contexts_stay_as_they_are() -> None:
    before = CONTEXTS.clone()
    damaged(RandomLast(1.0))
    assert torch.equal(CONTEXTS, before)
