"""One suite over all registered trainers: what each must leave, refuse and repeat."""

import dataclasses
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from gatekeeper.data.synthetic.worlds import TRAP, build_world
from gates.contracts import Dataset
from schemas.reading.history import read_history
from schemas.records.dataset import EmbeddedBy
from schemas.records.history import HISTORY_FILE
from tests.trainers.fitting import CONTINUED, EARLY, GRADIENT, MakeJob, fit
from tests.trainers.small_world import divided
from trainers.checkpoints.checkpoint import read_checkpoint, restore
from trainers.checkpoints.encoder_fact import EncoderFact, read_encoder_fact
from trainers.contracts import MODEL_FILE
from trainers.registry import architecture_names, trainer, trainer_names

MADE_BY = EmbeddedBy("hub", "who/e", "0123abc", "d" * 64, "float32", "mean", normalised=True, max_tokens=256)
STEPS = {"nce": 2}
"""Where they are not batches of 32 windows: six articles of 34, in pieces of at most 32, eight a step."""


@pytest.mark.parametrize("name", trainer_names())
def test_it_leaves_a_model_for_the_data_it_was_given(name: str, make_job: MakeJob) -> None:
    job = make_job(horizon=trainer(name).default_horizon)
    job = replace(job, dataset=replace(job.dataset, bank=replace(job.dataset.bank, embedded_by=MADE_BY)))
    trained = fit(job, name)
    assert trained.summary.startswith(name)
    assert "\n" not in trained.summary
    checkpoint = read_checkpoint((job.folder / MODEL_FILE).read_bytes(), MODEL_FILE)
    assert (checkpoint.horizon, checkpoint.context) == (
        job.dataset.window.horizon,
        job.dataset.window.context,
    )
    assert checkpoint.facts["trainer"] == name
    assert read_encoder_fact(checkpoint.facts) == EncoderFact("who/e", "d" * 64)
    module = restore(checkpoint, MODEL_FILE).module
    answer = module(torch.randn(3, job.dataset.window.context, job.dataset.bank.dimension))
    assert answer.shape == (3, job.dataset.bank.dimension)


# Of the others that ask for the same, tests of runs that are continued show it.
@pytest.mark.parametrize("name", sorted({*trainer_names()} - {*CONTINUED}))
def test_the_same_seed_gives_the_same_weights(name: str, make_job: MakeJob) -> None:
    states = []
    for _ in range(2):
        job = make_job(horizon=trainer(name).default_horizon)
        fit(job, name)
        states.append(read_checkpoint((job.folder / MODEL_FILE).read_bytes(), MODEL_FILE).state)
    assert all(torch.equal(tensor, states[1][key]) for key, tensor in states[0].items())


@pytest.mark.parametrize("name", trainer_names())
def test_every_setting_has_a_line_of_help_and_a_default(name: str) -> None:
    plugin = trainer(name)
    made = plugin.settings()
    assert plugin.default_horizon in (1, 2)
    assert plugin.architecture_of(made) in architecture_names()
    for field in dataclasses.fields(plugin.settings):
        assert field.metadata["help"].endswith(".")
        assert field.default is not dataclasses.MISSING


@pytest.mark.parametrize("name", GRADIENT)
def test_the_history_tells_every_epoch(name: str, make_job: MakeJob) -> None:
    job = make_job(horizon=trainer(name).default_horizon)
    trained = fit(job, name)
    history = read_history(job.folder / HISTORY_FILE)
    assert history == trained.history
    assert [epoch.epoch for epoch in history.epochs] == [1, 2]
    assert history.ended == "all 2 epochs done"
    windows = len(job.dataset.splits["train"].last_rows)
    for epoch in history.epochs:
        assert epoch.samples == windows
        assert epoch.steps[-1].step == STEPS.get(name, -(-windows // 32))
        assert epoch.mini is not None
        assert set(epoch.mini.splits) == {"val", "ood"}
    kept = [epoch.epoch for epoch in history.epochs if epoch.mini is not None and epoch.mini.kept]
    assert kept[-1] == history.best_epoch


@pytest.mark.parametrize("name", sorted({*GRADIENT} - {"p2", "p3", "p4"}))  # they build what p1 builds
@pytest.mark.parametrize("architecture", ["amn", "gru", "linear", "lstm", "transformer"])
def test_every_architecture_can_be_trained(name: str, architecture: str, make_job: MakeJob) -> None:
    sizes = {"transformer": ("layers", "width", "heads"), "amn": ("width", "hidden"), "linear": ()}
    given = {"layers": 1, "width": 16, "heads": 2, "hidden": 16}
    wanted = sizes.get(architecture, ("layers", "width"))
    flags = {size: value if size in wanted else None for size, value in given.items()}
    job = make_job(horizon=2)
    fit(job, name, architecture=architecture, epochs=1, **flags)
    checkpoint = read_checkpoint((job.folder / MODEL_FILE).read_bytes(), MODEL_FILE)
    held = checkpoint.model_config.get("network", checkpoint.model_type)
    assert held == architecture


@pytest.mark.parametrize("name", EARLY)
def test_the_references_systems_learn_the_trap_and_fall_into_it(name: str, make_job: MakeJob) -> None:
    # Least squares lies closer to the chunk before the target than to the target, and so do they.
    bank = build_world(replace(TRAP, dimension=16, articles=18, chunks=80), source="trap")
    job = make_job(dataset=divided(bank, TRAP.horizon))
    seldom = {} if name == "p5" else {"mini_every": 8}  # whose gates are asked after every epoch
    history = fit(job, name, epochs=8, lr=5e-3, width=32, dropout=0.0, **seldom).history
    assert history is not None
    last = history.epochs[-1].mini
    assert last is not None
    found = last.splits["val"]
    assert found.cos is not None
    assert found.margin is not None
    # The best there is has cosine rho^2 = .64 less what a network of this size does not learn.
    assert 0.4 < found.cos < 0.7
    assert found.margin < 0.05


@pytest.mark.parametrize("name", sorted({*GRADIENT} - {*EARLY}))
def test_training_learns_the_world(
    name: str, make_job: MakeJob, world_data: Callable[[int], Dataset]
) -> None:
    # One step is the best linear map's; the world turns by 60 degrees a chunk, which 8 epochs learn.
    job = make_job(horizon=1)
    more = {"prev": "context[-1]"} if name == "p6b" else {"mse_epochs": 8} if name == "p6c" else {}
    history = fit(job, name, epochs=8, lr=3e-3, width=32, dropout=0.0, **more).history
    assert history is not None
    last = history.epochs[-1].mini
    assert last is not None
    cosine = last.splits["ood"].cos
    assert cosine is not None
    assert cosine > 0.6  # rho^1 = 0.95 is the best there is; a constant has about 0
