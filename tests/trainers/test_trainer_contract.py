"""One suite over all registered trainers: what each must leave, refuse and repeat."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gates.contracts import Dataset
from schemas.errors import UsageError
from schemas.reading.history import read_history
from schemas.records.history import HISTORY_FILE
from trainers.checkpoints.checkpoint import read_checkpoint, restore
from trainers.contracts import MODEL_FILE, Trained, TrainingJob
from trainers.loop.settings import GradientSettings
from trainers.registry import architecture_names, trainer, trainer_names

MakeJob = Callable[..., TrainingJob]
SMALL: dict[str, Any] = {"epochs": 2, "layers": 1, "width": 16, "heads": 2, "mini_samples": 120}

GRADIENT = [name for name in trainer_names() if issubclass(trainer(name).settings, GradientSettings)]


def settings(name: str, **more: object) -> Any:  # noqa: ANN401  (each recipe has its own)
    kind = trainer(name).settings
    return kind(**({**SMALL, **more} if issubclass(kind, GradientSettings) else {}))


def fit(job: TrainingJob, name: str, **more: object) -> Trained:
    return trainer(name).fit(job, settings(name, **more))


@pytest.mark.parametrize("name", trainer_names())
def test_it_leaves_a_model_for_the_data_it_was_given(name: str, make_job: MakeJob) -> None:
    job = make_job(horizon=trainer(name).default_horizon)
    trained = fit(job, name)
    assert trained.summary.startswith(name)
    assert "\n" not in trained.summary
    checkpoint = read_checkpoint((job.folder / MODEL_FILE).read_bytes(), MODEL_FILE)
    assert (checkpoint.horizon, checkpoint.context) == (
        job.dataset.window.horizon,
        job.dataset.window.context,
    )
    assert checkpoint.facts["trainer"] == name
    module = restore(checkpoint, MODEL_FILE).module
    answer = module(torch.randn(3, job.dataset.window.context, job.dataset.bank.dimension))
    assert answer.shape == (3, job.dataset.bank.dimension)


@pytest.mark.parametrize("name", trainer_names())
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
        assert epoch.steps[-1].step == -(-windows // 32)
        assert epoch.mini is not None
        assert set(epoch.mini.splits) == {"val", "ood"}
    kept = [epoch.epoch for epoch in history.epochs if epoch.mini is not None and epoch.mini.kept]
    assert kept[-1] == history.best_epoch


@pytest.mark.parametrize("name", GRADIENT)
@pytest.mark.parametrize("architecture", ["amn", "gru", "linear", "lstm", "transformer"])
def test_every_architecture_can_be_trained(name: str, architecture: str, make_job: MakeJob) -> None:
    sizes = {"transformer": ("layers", "width", "heads"), "amn": ("width", "hidden"), "linear": ()}
    given = {"layers": 1, "width": 16, "heads": 2, "hidden": 16}
    wanted = sizes.get(architecture, ("layers", "width"))
    flags = {size: value if size in wanted else None for size, value in given.items()}
    job = make_job(horizon=2)
    fit(job, name, architecture=architecture, epochs=1, **flags)
    checkpoint = read_checkpoint((job.folder / MODEL_FILE).read_bytes(), MODEL_FILE)
    assert checkpoint.model_type == architecture


@pytest.mark.parametrize("name", GRADIENT)
def test_a_size_the_architecture_lacks_is_refused(name: str, make_job: MakeJob) -> None:
    with pytest.raises(UsageError, match=r"architecture 'gru' has no size 'heads'; its sizes: layers, width"):
        fit(make_job(horizon=2), name, architecture="gru")


@pytest.mark.parametrize(
    ("knobs", "reason"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1; found 0"),
        ({"batch_size": True}, "batch_size must be a whole number"),
        ({"lr": 0.0}, "lr must lie above 0"),
        ({"lr": float("nan")}, "lr must lie above 0"),
        ({"lr": float("inf")}, "lr must lie above 0"),
        ({"clip": -1.0}, "clip must lie above 0"),
        ({"lr_factor": 1.0}, "lr_factor must lie above 0 and below 1"),
        ({"weight_decay": -0.1}, "weight_decay must lie"),
        ({"batch_size": 2, "accumulate": 3}, "a batch of 2 cannot be cut into 3 parts"),
        ({"precision": "fp8"}, "precision must be one of fp32, bf16; found 'fp8'"),
        ({"on_collapse": "pray"}, "on_collapse must be one of stop, rollback, ignore; found 'pray'"),
        ({"save_every": -1}, "save_every must be a whole number of at least 0"),
    ],
)
@pytest.mark.parametrize("name", GRADIENT)
def test_settings_that_are_none(name: str, knobs: dict[str, object], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        trainer(name).settings(**knobs)


def test_weight_decay_may_be_nothing() -> None:
    assert GradientSettings(weight_decay=0.0).weight_decay == 0.0


@pytest.mark.parametrize("name", GRADIENT)
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


def test_more_processes_or_parts_change_nothing_but_rounding(make_job: MakeJob) -> None:
    curves = []
    for parts in (1, 3):
        trained = fit(make_job(horizon=2), "p6", accumulate=parts, dropout=0.0, log_every=1)
        assert trained.history is not None
        curves.append([s.figures["loss"] for epoch in trained.history.epochs for s in epoch.steps])
    assert curves[0] == pytest.approx(curves[1], abs=1e-6)


def test_bf16_trains_like_fp32(make_job: MakeJob) -> None:
    losses = []
    for precision in ("fp32", "bf16"):
        history = fit(make_job(horizon=2), "p6b", precision=precision, dropout=0.0).history
        assert history is not None
        losses.append(history.epochs[-1].steps[-1].figures["mse"])
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings("ignore")  # of the compiler's own parts
def test_a_compiled_module_learns_the_same(make_job: MakeJob) -> None:
    curves = []
    for compiled in (False, True):
        knobs = {"architecture": "amn", "layers": None, "heads": None, "compile": compiled, "log_every": 1}
        trained = fit(make_job(horizon=2), "p6", epochs=1, **knobs)
        assert trained.history is not None
        curves.append([steps.figures["loss"] for steps in trained.history.epochs[0].steps])
    assert curves[0] == pytest.approx(curves[1], abs=1e-5)


def test_a_machine_that_cannot_compile_says_so(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(module: torch.nn.Module) -> object:
        def call(contexts: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("No working C++ compiler\nfound")

        return call

    monkeypatch.setattr(torch, "compile", broken)
    with pytest.raises(
        UsageError, match=r"^--compile does not work on this machine: No working C\+\+ compiler$"
    ):
        fit(make_job(horizon=2), "p6", compile=True)


def test_the_gradient_is_clipped(make_job: MakeJob) -> None:
    # With a clip of next to nothing AdamW still steps by the learning rate, but not the same way.
    states = []
    for clip in (1.0, 1e-9):
        job = make_job(horizon=2)
        fit(job, "p6", clip=clip, epochs=1)
        states.append(read_checkpoint((job.folder / MODEL_FILE).read_bytes(), MODEL_FILE).state)
    assert any(not torch.equal(tensor, states[1][key]) for key, tensor in states[0].items())


def test_the_run_folder_holds_nothing_else(make_job: MakeJob) -> None:
    job = make_job(horizon=2)
    fit(job, "p6b")
    names = sorted(
        str(path.relative_to(job.folder)) for path in Path(job.folder).rglob("*") if path.is_file()
    )
    assert names == [
        "best_model.pt",
        "checkpoints/manifest.json",
        "checkpoints/state000001.pt",
        "checkpoints/state000002.pt",
        "training_history.json",
    ]
