"""nce: its settings, what chooses its epochs, that it learns from train alone, and how it goes on."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pytest
import torch

from gates.contracts import Dataset, Window
from gates.options import Options
from gates.windows import make_dataset, window_rows
from schemas.errors import DataError, Interrupted, UsageError
from tests.trainers.fitting import MakeJob, fit, settings
from trainers.checkpoints.checkpoint import Checkpoint, read_checkpoint
from trainers.checkpoints.saved_states import Store
from trainers.contracts import MODEL_FILE, Monitor, StepProgress, TrainingJob
from trainers.interrupts import Interrupts
from trainers.recipes.held_out import with_select
from trainers.recipes.linear_part import LinearPart
from trainers.recipes.nce import TRAINER, NceSettings

CPU = torch.device("cpu")
OPTIONS = Options(min_samples=50)


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"article_windows": 0}, "article_windows must be a whole number of at least 1; found 0"),
        ({"epoch_windows": True}, "epoch_windows must be a whole number of at least 1; found True"),
        ({"batch_size": 16}, "a batch of 16 has no room for 32 windows of an article; lower article_windows"),
        ({"members": 0}, "members must be a whole number of at least 1; found 0"),
        ({"cos_budget": 0.0}, "cos_budget must lie above 0 and below 2; found 0.0"),
        ({"context_weight": -0.1}, "context_weight must be a number of at least 0; found -0.1"),
        ({"others_weight": float("nan")}, "others_weight must be a number of at least 0; found nan"),
        (
            {"architecture": "logit_residual"},
            "logit_residual is what this recipe trains; name the network in it",
        ),
    ],
)
def test_settings_that_are_none(knobs: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        NceSettings(**knobs)  # type: ignore[arg-type]


def test_one_article_has_no_folds(make_job: MakeJob) -> None:
    dataset = make_job(horizon=1).dataset
    rows = {name: split.last_rows for name, split in dataset.splits.items()}
    lone = make_dataset(dataset.bank, {**rows, "train": rows["train"][:10]}, dataset.window)
    with pytest.raises(DataError, match="at least 2 articles"):
        TRAINER.check(lone, settings("nce"))


def checkpoint(job: TrainingJob) -> Checkpoint:
    return read_checkpoint((job.folder / MODEL_FILE).read_bytes(), MODEL_FILE)


@pytest.fixture
def wide(world_data: Callable[[int], Dataset]) -> Dataset:
    """The world in pieces: each of its 18 articles makes three, so that the 27 of train can spare eight."""
    bank, window = world_data(1).bank, Window(5, 1)
    third = bank.articles * 3 + np.minimum(bank.chunks // 14, 2)
    first = np.searchsorted(third, third)
    cut = replace(
        bank, articles=third, article_first=first, run_first=first,
        article_last=np.searchsorted(third, third, side="right") - 1,
        run_last=np.searchsorted(third, third, side="right") - 1,
    )  # fmt: skip
    parts = {"train": range(27), "val": range(27, 40), "ood": range(40, 54)}
    rows = {name: window_rows(cut, np.array(members), window) for name, members in parts.items()}
    return make_dataset(cut, rows, window)


def planted(dataset: Dataset, split: str) -> Dataset:
    """Every chunk of the split's articles repeats the one five before it: a copy that only it can teach."""
    vectors = dataset.bank.vectors.copy()
    for article in np.unique(dataset.bank.articles[dataset.splits[split].last_rows]):
        rows = np.flatnonzero(dataset.bank.articles == article)
        vectors[rows[5:]] = vectors[rows[np.arange(len(rows) - 5) % 5]]
    return replace(dataset, bank=replace(dataset.bank, vectors=vectors))


def test_articles_of_train_choose_and_what_is_planted_outside_train_changes_nothing(
    wide: Dataset, make_job: MakeJob
) -> None:
    states, lines = [], []
    for dataset in (wide, planted(planted(wide, "val"), "ood"), planted(wide, "train")):
        told: list[str] = []
        job = make_job(dataset=dataset, log=told.append, options=OPTIONS)
        trained = fit(job, "nce", epochs=1, lr=3e-3)
        assert trained.history is not None
        minis = [epoch.mini for epoch in trained.history.epochs]
        assert [set(mini.splits) for mini in minis if mini is not None] == [{"select", "ood"}]
        assert checkpoint(job).facts["chosen_on"] == "select"
        states.append(checkpoint(job).state)
        lines.append(told[0])
    assert lines == ["nce: what chooses the epochs: 8 articles of train"] * 3
    alone, outside, inside = states
    assert all(torch.equal(tensor, outside[name]) for name, tensor in alone.items())
    assert any(not torch.equal(tensor, inside[name]) for name, tensor in alone.items())


def test_with_a_few_articles_val_chooses(make_job: MakeJob) -> None:
    lines: list[str] = []
    job = make_job(horizon=1, log=lines.append)
    fit(job, "nce", epochs=1)
    assert lines[0] == "nce: what chooses the epochs: val"
    assert checkpoint(job).facts["chosen_on"] == "val"


def test_the_network_and_the_numbers_move_and_what_was_fitted_stays(wide: Dataset, make_job: MakeJob) -> None:
    job = make_job(dataset=wide, options=OPTIONS)
    fit(job, "nce", epochs=1, lr=3e-3)
    found = checkpoint(job)
    assert found.model_type == "logit_residual"
    assert found.model_config["network"] == "transformer"
    assert float(found.state["alpha"]) != 0.0
    assert float(found.state["numbers"].norm()) == pytest.approx(1.0, abs=0.05)
    linear = LinearPart.of(with_select(wide, job.options, seed=0), seed=0)
    for name, tensor in vars(linear.reading).items():
        assert torch.equal(found.state[name], tensor), name
    assert not torch.equal(found.state["numbers"], linear.numbers / linear.numbers.norm())


@dataclass
class Stop(Monitor):
    """Asks a run to end after a step."""

    interrupts: Interrupts
    epoch_and_step: tuple[int, int]

    def step(self, progress: StepProgress) -> None:
        if (progress.epoch, progress.step) == self.epoch_and_step:
            self.interrupts.received = "SIGTERM"


def test_a_run_that_was_interrupted_ends_as_one_that_was_not(make_job: MakeJob) -> None:
    """Dropout is on, the context's weight and the price of cosine move, beta is learned, windows change."""
    knobs = {
        "epochs": 3, "lr": 3e-3, "batch_size": 40, "article_windows": 10, "epoch_windows": 25,
        "context_weight": 0.5, "cos_budget": 0.1, "mini_every": 3,
    }  # fmt: skip
    whole, job = make_job(horizon=2), make_job(horizon=2)
    fit(whole, "nce", **knobs)
    interrupts = Interrupts()
    with pytest.raises(Interrupted, match="in epoch 2 after step 3"):
        fit(replace(job, interrupts=interrupts, monitor=Stop(interrupts, (2, 3))), "nce", **knobs)
    fit(replace(job, resume=True), "nce", **knobs)
    ends = [Store(each.folder).latest([]) for each in (whole, job)]
    one, two = (cast("dict[str, Any]", end) for end in ends)
    assert one["objective"] == two["objective"]
    assert all(torch.equal(tensor, two["model"][name]) for name, tensor in one["model"].items())
    first, second = checkpoint(whole).state, checkpoint(job).state
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())
