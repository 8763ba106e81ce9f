"""The best and the worst predictions of a split."""

import numpy as np

from gates.extremes import SHOWN, find_extremes


def test_the_extremes_hold_the_very_predictions_of_their_windows() -> None:
    rng = np.random.default_rng(0)
    predictions, cosines = rng.standard_normal((50, 3)).astype(np.float32), rng.uniform(-1, 1, 50)
    found = find_extremes(predictions, cosines)
    order = sorted(range(50), key=lambda window: -cosines[window])
    assert found.best.tolist() == order[:SHOWN]
    assert found.worst.tolist() == order[::-1][:SHOWN]
    chosen = [*order[:SHOWN], *order[::-1][:SHOWN]]
    assert found.predictions.tolist() == predictions[chosen].tolist()


def test_of_equal_cosines_the_earlier_window_is_the_better_one_and_none_is_both() -> None:
    found = find_extremes(np.eye(5, dtype=np.float32), np.zeros(5))
    assert (found.best.tolist(), found.worst.tolist()) == ([0, 1], [4, 3])
