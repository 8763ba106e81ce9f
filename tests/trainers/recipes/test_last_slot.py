"""--last-slot-noise of p6 and p6b: off by default, and then as if it were not there."""

from collections.abc import Callable

import pytest
import torch

from gates.contracts import Dataset
from schemas.errors import UsageError
from schemas.records.splits import TRAIN
from tests.trainers.fitting import MakeJob, fit
from trainers.checkpoints.checkpoint import read_checkpoint
from trainers.contracts import MODEL_FILE
from trainers.loop.batches import WindowBatches
from trainers.loop.noise import JitteredLast
from trainers.recipes.last_slot import LastSlotSettings, jittered_last
from trainers.registry import trainer


@pytest.mark.parametrize("name", ["p6", "p6b"])
def test_it_is_off_by_default_and_a_share_of_windows_otherwise(name: str) -> None:
    recipe = trainer(name)
    noise: Callable[[LastSlotSettings], object] = recipe.noise  # type: ignore[attr-defined]
    assert noise(recipe.settings()) is None
    assert noise(recipe.settings(last_slot_noise=0.15)) == JitteredLast(0.15)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_lies_in_0_to_1(share: float) -> None:
    with pytest.raises(UsageError, match="last_slot_noise must lie in 0 to 1"):
        LastSlotSettings(last_slot_noise=share)


def test_only_what_the_model_sees_is_damaged(world_data: Callable[[int], Dataset]) -> None:
    noise = jittered_last(LastSlotSettings(last_slot_noise=0.5))
    plain, noisy = (
        WindowBatches(world_data(2), TRAIN, device=torch.device("cpu"), seed=0, noise=each)
        for each in (None, noise)
    )
    rows = noisy.order(1)
    one, other = plain.gather(rows), noisy.gather(rows)
    assert torch.equal(one.contexts, other.contexts)
    assert torch.equal(one.targets, other.targets)
    assert torch.equal(one.shown, one.contexts)
    share = (other.shown[:, -1] != other.contexts[:, -1]).any(dim=-1).float().mean()
    assert float(share) == pytest.approx(0.5, abs=0.15)  # of 204 windows
    noisy.order(2)
    assert not torch.equal(noisy.gather(rows).shown, other.shown)


def test_it_changes_what_is_learned(make_job: MakeJob) -> None:
    states = []
    for share in (0.0, 0.15):
        job = make_job(horizon=2)
        fit(job, "p6", epochs=1, last_slot_noise=share)
        states.append(read_checkpoint((job.folder / MODEL_FILE).read_bytes(), MODEL_FILE).state)
    assert any(not torch.equal(tensor, states[1][key]) for key, tensor in states[0].items())
