"""p5: the guard against arithmetic, what each epoch trains on, and when the run stops."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from gates.contracts import Dataset
from schemas.errors import UsageError
from schemas.records.splits import TRAIN
from tests.trainers.fitting import MakeJob, fit
from tests.trainers.tiny import cosine, data, load, naive_mse, number, pairs, through_a_file
from trainers.checkpoints.checkpoint import read_checkpoint
from trainers.contracts import MODEL_FILE
from trainers.loop.selection import RULE
from trainers.recipes.curriculum import CurriculumObjective, P5Settings

ANY = (-1.0, -2.0)
"""What every window has."""


def curriculum(horizon: int = 1, **knobs: Any) -> CurriculumObjective:  # noqa: ANN401  (any setting)
    return CurriculumObjective(P5Settings(**{"easy": ANY, "middle": ANY, **knobs}), data(horizon))


@pytest.mark.parametrize("horizon", [1, 2])
def test_terms_are_those_of_a_loop_over_windows(horizon: int) -> None:
    objective, dataset = curriculum(horizon), data(horizon)
    assert objective.negative == f"context[-1] (k = {-horizon})"
    batches, batch, predictions = load(dataset)
    terms = objective.terms(predictions, batch, batches)
    found = list(pairs(dataset, predictions, -horizon))
    gaps = [cosine(p, t) - cosine(p, last) for p, t, last in found]
    assert number(terms.mse) == pytest.approx(naive_mse(dataset, predictions), rel=1e-5)
    assert number(terms.gap) == pytest.approx(float(np.mean(gaps)), abs=1e-6)
    expected = np.mean(np.log1p(np.exp([5.0 * (-gap + 0.02) for gap in gaps])))
    assert number(terms.push) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize(
    ("epoch", "weight"), [(1, 0.0), (2, 0.001 / 6), (4, 0.0005), (7, 0.001), (12, 0.001)]
)
def test_the_guard_is_ramped_over_six_epochs_and_softens_by_half(epoch: int, weight: float) -> None:
    objective, again = curriculum(), curriculum()
    objective.start_epoch(epoch)
    assert float(objective.weight(torch.zeros(5)).value) == pytest.approx(weight)
    objective.soften()
    again.load(through_a_file(objective.state()))
    again.start_epoch(epoch)
    assert float(again.weight(torch.zeros(5)).value) == pytest.approx(weight / 2)


@pytest.mark.parametrize(("epoch", "scale"), [(1, 0.0), (2, 0.1 / 3), (4, 0.1), (12, 0.1)])
def test_places_are_ramped_over_three_epochs(epoch: int, scale: float) -> None:
    objective = curriculum()
    module = objective.dress(torch.nn.Identity())
    objective.start_epoch(epoch)
    (places,) = module.buffers()
    assert places.tolist() == pytest.approx([0.0, scale / 3, scale * 2 / 3, scale], abs=1e-7)


@pytest.mark.parametrize(
    ("knobs", "stages"),
    [
        ({}, [1] * 4 + [2] * 4 + [3] * 4),
        ({"epochs": 8}, [1, 1, 2, 2, 3, 3, 3, 3]),
        ({"epochs": 2}, [1, 2]),
        ({"epochs": 5, "stage_epochs": 1}, [1, 2, 3, 3, 3]),
    ],
)
def test_stages_last_a_third_or_as_long_as_somebody_says(knobs: dict[str, int], stages: list[int]) -> None:
    settings = P5Settings(**knobs)  # type: ignore[arg-type]
    assert [settings.stage(epoch) for epoch in range(1, settings.epochs + 1)] == stages


def test_each_epoch_trains_on_the_windows_of_its_stage() -> None:
    objective = curriculum(easy=(0.1, 0.05), middle=(0.5, 0.2), epochs=3)
    sizes = []
    for epoch in (1, 2, 3):
        objective.start_epoch(epoch)
        sizes.append(len(objective.chosen()))
    assert sizes[2] == len(data(1).splits[TRAIN].last_rows)
    assert 0 < sizes[0] < sizes[2]
    assert 0 < sizes[1] < sizes[2]


@pytest.mark.parametrize(
    ("epoch", "margin", "recall", "why"),
    [
        (3, -1.0, 0.0, ""),  # in the middle of stage 1
        (4, 0.02, 0.6, ""),
        (
            4,
            0.019,
            0.6,
            "stage 1 of 3 was not left after epoch 4: margin +0.019 and R@5 0.600, where 0.02 and 0.6 ",
        ),
        (8, 0.5, 0.599, "stage 2 of 3 was not left after epoch 8: margin +0.500 and R@5 0.599, where"),
        (8, float("nan"), 1.0, "stage 2 of 3 was not left after epoch 8: margin +nan"),
        (12, -1.0, 0.0, ""),  # the last stage is not left for another
    ],
)
def test_a_stage_is_left_by_what_the_gates_say(epoch: int, margin: float, recall: float, why: str) -> None:
    objective = curriculum()
    objective.start_epoch(epoch)
    found: Any = SimpleNamespace(margin=margin, recall=recall)
    said = objective.stop(found)
    assert said.startswith(why)
    assert bool(said) == bool(why)


def test_a_run_says_so_and_stops(make_job: MakeJob) -> None:
    job = make_job(horizon=1)
    history = fit(job, "p5", epochs=6, leave=(0.9, 0.6)).history
    assert history is not None
    assert history.ended.startswith("stage 1 of 3 was not left after epoch 1: margin ")
    assert len(history.epochs) == 1
    # It is told nothing of places in the first epoch; the file says so.
    state = read_checkpoint((job.folder / MODEL_FILE).read_bytes(), MODEL_FILE).state
    assert state["places"].tolist() == [0.0] * 5


def test_a_run_goes_from_few_windows_to_all(make_job: MakeJob, world_data: Callable[[int], Dataset]) -> None:
    job = make_job(horizon=1)
    history = fit(job, "p5", epochs=3, easy=(0.4, 0.0), middle=(0.5, 0.1)).history
    assert history is not None
    windows = len(world_data(1).splits[TRAIN].last_rows)
    samples = [epoch.samples for epoch in history.epochs]
    assert samples[0] < samples[2] == windows
    assert samples[1] < windows
    for epoch in history.epochs:
        assert epoch.steps[-1].step == -(-epoch.samples // 32)


def test_it_keeps_what_the_gates_choose() -> None:
    objective = curriculum()
    objective.start_epoch(4)
    objective.end_epoch(-1.0, -1.0)
    assert objective.admissible(-1.0)
    assert (objective.rule, objective.margin) == (RULE, None)
    means = {"lambda_eff": 0.0005, "push": 0.41, "pos": 0.52, "neg": 0.668, "gap": -0.148}
    assert objective.line(means) == "[P5 stage 1] λ=0.0005 push=0.410 pos=0.520 last=0.668 gap=-0.148"


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"mini_every": 2}, "mini_every must be 1, as the gates decide whether a stage is left; found 2"),
        ({"stage_epochs": 0}, "stage_epochs must be a whole number of at least 1; found 0"),
        ({"micro_epochs": 0}, "micro_epochs must be a whole number of at least 1; found 0"),
        ({"place_scale": 0.0}, "place_scale must lie above 0 and below inf; found 0.0"),
        ({"micro_margin": 2.0}, "micro_margin must lie above 0 and below 2; found 2.0"),
    ],
)
def test_knobs_out_of_range_are_refused(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        P5Settings(**knobs)
    assert str(refused.value) == message
