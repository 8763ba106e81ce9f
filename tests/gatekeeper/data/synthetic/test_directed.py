import numpy as np
import pytest

from gatekeeper.data.synthetic.directed import GAIN, directed_bank, expected_directions


@pytest.mark.parametrize("gain", [0.5, 1.0, GAIN])
def test_the_best_predictions_have_the_cosines_of_the_closed_form(gain: float) -> None:
    bank = directed_bank(articles=10, chunks=400, dimension=256, seed=1, gain=gain)
    rows = np.flatnonzero(bank.run_last > np.arange(bank.rows))
    half = bank.dimension // 2
    now, after = bank.vectors[rows], bank.vectors[rows + 1]

    def cosine(known: np.ndarray[tuple[int, ...], np.dtype[np.float32]], found: slice, other: int) -> float:
        told = (now if other else after)[:, found]
        told = told / np.linalg.norm(told, axis=1, keepdims=True)
        return float((told * known).sum(axis=1).mean())

    # Forward the new half of a chunk tells the echo of the next; backward the echo tells the new half.
    forward, backward = expected_directions(gain)
    assert cosine(after[:, half:], slice(0, half), 1) == pytest.approx(forward, abs=0.01)
    assert cosine(now[:, :half], slice(half, None), 0) == pytest.approx(backward, abs=0.01)


def test_the_seed_decides_everything() -> None:
    one, same, other = (
        directed_bank(articles=3, chunks=20, dimension=8, seed=seed).sha256 for seed in (1, 1, 2)
    )
    assert one == same != other
