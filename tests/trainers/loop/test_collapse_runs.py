"""Runs that go wrong: the push drives the predictions away, or the loss stops being a number."""

import dataclasses
from collections.abc import Callable

import pytest
import torch

from schemas.errors import TrainingError
from schemas.records.history import History
from tests.trainers.fitting import EARLY
from trainers.checkpoints.checkpoint import read_checkpoint
from trainers.checkpoints.saved_states import Store
from trainers.contracts import MODEL_FILE, TrainingJob
from trainers.loop.log_lines import ADVICE
from trainers.registry import trainer

MakeJob = Callable[..., TrainingJob]

# Three honest epochs with hardly a push, then one that outweighs the error a hundred times.
COLLAPSING = {
    "epochs": 6, "layers": 1, "width": 32, "heads": 2, "dropout": 0.0, "mini_samples": 120, "lr": 3e-3,
    "target_frac": 100.0, "ramp": "1:0.02:0.0001,4:2.0:1", "lambda_clamp": (1e-4, 1e3),
    "prev": "skipped", "batch_size": 8,
}  # fmt: skip


def collapse(make_job: MakeJob, **more: object) -> tuple[TrainingJob, History, list[str]]:
    lines: list[str] = []
    job = make_job(horizon=2, log=lines.append)
    history = trainer("p6b").fit(job, trainer("p6b").settings(**{**COLLAPSING, **more})).history
    assert history is not None
    return job, history, lines


def kept(job: TrainingJob) -> dict[str, torch.Tensor]:
    return dict(read_checkpoint((job.folder / MODEL_FILE).read_bytes(), MODEL_FILE).state)


def test_it_is_named_within_the_epoch_and_the_last_good_weights_stay(make_job: MakeJob) -> None:
    job, history, lines = collapse(make_job)
    named = [warning for warning in history.warnings if warning.collapse]
    assert {warning.epoch for warning in named} == {4}
    assert history.ended.startswith("stopped by the collapse watch in epoch 4 (")
    assert history.best_epoch is not None
    assert history.best_epoch < 4
    assert any(line.startswith(f"back to the weights of epoch {history.best_epoch}: ") for line in lines)
    # What the gates said of the collapsed weights is told, and they were not kept.
    last, best = history.epochs[-1].mini, history.epochs[history.best_epoch - 1].mini
    assert last is not None
    assert best is not None
    assert last.splits["val"].cos < best.splits["val"].cos  # type: ignore[operator]
    assert (last.kept, best.kept) == (False, True)
    # The state that is left is the good one as well.
    saved = Store(job.folder).latest([])
    assert saved is not None
    assert all(torch.equal(tensor, saved["model"][key]) for key, tensor in kept(job).items())  # type: ignore[index]


def test_a_rollback_goes_on_more_gently(make_job: MakeJob) -> None:
    _, history, lines = collapse(make_job, on_collapse="rollback", epochs=9)
    rollbacks = [line for line in lines if line.startswith("rollback ")]
    assert rollbacks[0] == "rollback 1 of 3: half the learning rate (0.0015), half the push"
    rates = [epoch.lr for epoch in history.epochs]
    assert min(rates) < max(rates)
    assert len(rollbacks) <= 3
    if len(rollbacks) == 3 and "stopped" in history.ended:
        assert "after 3 rollbacks" in history.ended


def test_it_can_be_ignored_and_an_advice_is_given_once(make_job: MakeJob) -> None:
    _, history, lines = collapse(make_job, on_collapse="ignore")
    assert sum("Negative margin" in line for line in lines) > 1
    assert lines.count(ADVICE) == 1
    assert history.ended == "all 6 epochs done"
    assert [warning for warning in history.warnings if warning.collapse]
    # The gates choose all the same: nothing from after the collapse is kept.
    assert history.best_epoch is not None
    assert history.best_epoch < 4


@pytest.mark.parametrize("recipe", ["p1", "p4", "p5", "p6", "p6b", "p6c"])
def test_no_recipe_warns_of_its_own_defaults(recipe: str, make_job: MakeJob) -> None:
    chosen, small = trainer(recipe), ("layers", "width", "heads", "dropout", "mini_samples", "lr")
    knobs = {name: COLLAPSING[name] for name in small} | (EARLY["p5"] if recipe == "p5" else {})
    history = chosen.fit(make_job(horizon=chosen.default_horizon), chosen.settings(**knobs)).history
    assert history is not None
    assert history.warnings == ()


@pytest.mark.parametrize("log_every", [1, 200])
def test_a_loss_that_is_no_number_ends_the_run(log_every: int, make_job: MakeJob) -> None:
    job = make_job(horizon=2)
    knobs = {**COLLAPSING, "lr": 1e30, "log_every": log_every}
    with pytest.raises(TrainingError) as stopped:
        trainer("p6b").fit(job, trainer("p6b").settings(**knobs))
    text = str(stopped.value)
    assert text.startswith("the loss of epoch 1, step ")
    assert "is no finite number (windows that end at bank rows " in text
    # The named windows are those of that very batch.
    step = int(text.split("step ")[1].split()[0])
    rows = [int(row) for row in text.split("bank rows ")[1].split(")")[0].split(", ") if row != "..."]
    assert set(rows) <= set(job.dataset.splits["train"].last_rows.tolist())
    assert step >= 2  # the first step is made with weights that are still numbers


def test_a_bank_that_no_weights_can_pass_on_is_told_before_training(make_job: MakeJob) -> None:
    lines: list[str] = []
    job = make_job(horizon=2, log=lines.append)
    impossible = dataclasses.replace(
        job.policy,
        checks=tuple(
            dataclasses.replace(check, minimum=1.5) if check.metric == "offset_sweep.margin" else check
            for check in job.policy.checks
        ),
    )
    job = dataclasses.replace(job, policy=impossible)
    trainer("p6").fit(job, trainer("p6").settings(epochs=1, layers=1, width=16, heads=2, mini_samples=120))
    assert any(line.startswith("warning: no weights can pass on this data: ") for line in lines)
