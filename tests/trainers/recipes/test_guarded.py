"""p3: both guards against a loop over windows, and noise that only the model sees."""

from typing import Any

import numpy as np
import pytest

from schemas.errors import UsageError
from tests.trainers.tiny import cosine, data, load, number, pairs
from trainers.loop.noise import RandomLast
from trainers.recipes.guarded import TRAINER, AntiCopyObjective, P3Settings


def guarded(**knobs: Any) -> AntiCopyObjective:  # noqa: ANN401  (any setting)
    return AntiCopyObjective("P3 guard", P3Settings(**knobs), data(1))


@pytest.mark.parametrize("anti_copy", [0.0, 1.0, 2.5])
def test_the_push_is_that_of_a_loop_over_windows(anti_copy: float) -> None:
    objective, dataset = guarded(anti_copy=anti_copy, guard_margin=0.3), data(1)
    objective.start_epoch(6)
    batches, batch, predictions = load(dataset)
    push = number(objective.terms(predictions, batch, batches).push)
    hinges: dict[int, list[float]] = {}
    for k in range(-dataset.window.context, 0):  # at horizon 1 the context ends beside the target
        found = pairs(dataset, predictions, k)
        hinges[k] = [max(0.0, 0.3 - cosine(p, t) + cosine(p, c)) for p, t, c in found]
        assert len(hinges[k]) == len(batch.targets)
    expected = np.mean(hinges[-2]) + anti_copy * np.mean(list(hinges.values()))
    assert push == pytest.approx(float(expected), rel=1e-5)


def test_before_the_guards_begin_there_is_no_push() -> None:
    objective = guarded()
    objective.start_epoch(5)
    batches, batch, predictions = load(data(1))
    assert number(objective.terms(predictions, batch, batches).push) == 0.0


def test_a_share_of_last_chunks_is_replaced_or_none() -> None:
    assert TRAINER.noise(P3Settings()) == RandomLast(0.05)
    assert TRAINER.noise(P3Settings(replace_last=0.0)) is None


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"anti_copy": -1.0}, "anti_copy must not be negative; found -1.0"),
        ({"replace_last": 1.5}, "replace_last must lie in 0 to 1; found 1.5"),
        ({"replace_last": float("nan")}, "replace_last must lie in 0 to 1; found nan"),
    ],
)
def test_knobs_out_of_range_are_refused(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        P3Settings(**knobs)
    assert str(refused.value) == message
