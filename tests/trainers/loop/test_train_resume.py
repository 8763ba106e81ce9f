"""A run that is interrupted anywhere and continued ends with the very weights of one that is not."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from gates.answers import Progress
from gates.contracts import Dataset, Window
from gates.options import Options
from gates.suite import Bench, prepare
from schemas.errors import Interrupted, TrainingError
from schemas.reading.history import read_history
from schemas.records.history import HISTORY_FILE, History
from schemas.records.splits import EVALUATED
from tests.trainers.fitting import CONTINUED, EARLY
from trainers.checkpoints.saved_states import Store
from trainers.contracts import MODEL_FILE, Monitor, StepProgress, TrainingJob
from trainers.interrupts import Interrupts
from trainers.loop import mini_5cat
from trainers.registry import trainer

MakeJob = Callable[..., TrainingJob]

SETTINGS = {
    "epochs": 3, "layers": 1, "width": 16, "heads": 2, "mini_samples": 120, "log_every": 3, "save_every": 2,
    "lr": 3e-3,
}  # fmt: skip
STEPS = 7  # 6 articles of 34 windows in batches of 32


class After(Interrupts):
    """Looks interrupted from the n-th look on."""

    def __init__(self, looks: int) -> None:
        self.left = looks
        super().__init__()

    @property
    def received(self) -> str | None:
        self.left -= 1
        return "SIGTERM" if self.left < 0 else None

    @received.setter
    def received(self, value: str | None) -> None:
        """The base class says at first that nothing was received."""


def weights(folder: Path) -> dict[str, torch.Tensor]:
    saved = Store(folder).latest([])
    assert saved is not None
    kept = torch.load(folder / MODEL_FILE, weights_only=True)["model_state_dict"]
    states: dict[str, torch.Tensor] = {f"last.{key}": value for key, value in saved["model"].items()}  # type: ignore[attr-defined]
    return states | {f"best.{key}": value for key, value in kept.items()}


def timeless(folder: Path) -> History:
    history = read_history(folder / HISTORY_FILE)
    return dataclasses.replace(
        history, epochs=tuple(dataclasses.replace(epoch, seconds=0.0) for epoch in history.epochs)
    )


@pytest.fixture
def measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The controls of a world are measured by the first run of a test: where it ends is not in question."""
    benches: dict[tuple[str, Window, Options], Bench] = {}

    def once(
        dataset: Dataset, options: Options, progress: Progress, splits: tuple[str, str] = EVALUATED
    ) -> Bench:
        key = dataset.bank.sha256, dataset.window, options
        if key not in benches:
            benches[key] = prepare(dataset, options, progress, splits)
        return benches[key]

    monkeypatch.setattr(mini_5cat, "prepare", once)


@pytest.fixture
def uninterrupted(make_job: MakeJob) -> Callable[..., Path]:
    def run(name: str, **more: object) -> Path:
        job = make_job(horizon=2)
        trainer(name).fit(job, trainer(name).settings(**{**SETTINGS, **more}))
        return job.folder

    return run


def same_run(first: Path, second: Path) -> None:
    one, two = weights(first), weights(second)
    assert one.keys() == two.keys()
    assert all(torch.equal(tensor, two[key]) for key, tensor in one.items())
    assert timeless(first) == timeless(second)


@pytest.mark.parametrize(
    ("name", "on_collapse"),
    [("p1", "ignore"), ("p6b", "ignore"), ("p6c", "ignore"), ("p6b", "stop"), ("p6b", "rollback")],
)
def test_interrupted_again_and_again(
    name: str, on_collapse: str, make_job: MakeJob, uninterrupted: Callable[..., Path]
) -> None:
    # The looks fall into steps, into the gates and between epochs; dropout is on. Windows of three
    # steps are so noisy that the watch of p6b barks, which is welcome here.
    more = {"on_collapse": on_collapse}
    settings = trainer(name).settings(**{**SETTINGS, **more})
    job, places = make_job(horizon=2), set()
    for attempt in range(100):
        # Measuring the controls before the first step looks 302 times or so.
        job = dataclasses.replace(job, interrupts=After(304 + attempt * 7 % 60 + attempt), resume=attempt > 0)
        try:
            trainer(name).fit(job, settings)
            break
        except Interrupted:
            places |= {(entry.epoch, entry.step) for entry in Store(job.folder).entries()[-1:]}
    else:
        raise AssertionError("the run never ended")
    assert any(0 < step < STEPS for _, step in places)
    assert any(step == STEPS for _, step in places)  # while the gates were measured
    whole = uninterrupted(name, **more)
    same_run(job.folder, whole)
    assert (not timeless(whole).ended.startswith("all 3")) == (on_collapse == "stop")


@pytest.mark.usefixtures("measured_once")
@pytest.mark.parametrize("name", CONTINUED)
def test_interrupted_in_the_middle_of_what_a_recipe_does_late(
    name: str, make_job: MakeJob, uninterrupted: Callable[..., Path]
) -> None:
    few = {"middle": (-0.43, 0.0)} if name == "p5" else {}  # fewer than half of all windows
    more = {"on_collapse": "ignore", "epochs": 2, **EARLY[name], **few}
    settings = trainer(name).settings(**{**SETTINGS, **more})
    interrupts = Interrupts()

    class Signal(Monitor):
        def step(self, progress: StepProgress) -> None:
            if (progress.epoch, progress.step) == (2, 3):
                interrupts.received = "SIGTERM"

    job = make_job(horizon=2)
    with pytest.raises(Interrupted):
        trainer(name).fit(dataclasses.replace(job, interrupts=interrupts, monitor=Signal()), settings)
    assert [(entry.epoch, entry.step) for entry in Store(job.folder).entries()][-1] == (2, 3)
    trainer(name).fit(dataclasses.replace(job, resume=True), settings)
    same_run(job.folder, uninterrupted(name, **more))


@pytest.mark.usefixtures("measured_once")
@pytest.mark.parametrize("keep", [1, 2])
def test_continued_from_any_saved_state(
    keep: int, make_job: MakeJob, uninterrupted: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Death right after the n-th save, for every n: as a SIGKILL leaves the folder."""
    more = {"on_collapse": "ignore"}
    whole, settings = uninterrupted("p6b", **more), trainer("p6b").settings(**{**SETTINGS, **more})

    class Killed(BaseException):
        pass

    save = Store.save
    number = 0
    while True:
        number += 1
        left = number

        def dying(self: Store, state: dict[str, object], *, epoch: int, step: int) -> None:
            nonlocal left
            save(self, state, epoch=epoch, step=step)
            left -= 1
            if left == 0:
                raise Killed

        job = make_job(horizon=2)
        monkeypatch.setattr(Store, "save", dying)
        try:
            trainer("p6b").fit(job, settings)
        except Killed:
            monkeypatch.setattr(Store, "save", save)
            if keep == 1:  # the newest state is torn: the one before it has to do
                newest = Store(job.folder).entries()[-1]
                (job.folder / "checkpoints" / newest.file).write_bytes(b"torn")
            entries = Store(job.folder).entries()
            if keep == 1 and len(entries) == 1:
                with pytest.raises(TrainingError, match=r"no state in .* is whole"):
                    trainer("p6b").fit(dataclasses.replace(job, resume=True), settings)
                continue
            trainer("p6b").fit(dataclasses.replace(job, resume=True), settings)
            same_run(job.folder, whole)
        else:
            break
    assert number > 10  # 3 epochs with a state every 2 of 7 steps and one at the end


def test_a_run_that_was_killed_before_its_first_state_starts_over(
    make_job: MakeJob, uninterrupted: Callable[..., Path]
) -> None:
    lines: list[str] = []
    job = make_job(horizon=2, resume=True, log=lines.append)
    trainer("p6").fit(job, trainer("p6").settings(**SETTINGS))
    assert lines[0] == "nothing was saved yet; starting from the beginning"
    same_run(job.folder, uninterrupted("p6"))


def test_a_run_that_is_over_is_not_trained_again(make_job: MakeJob) -> None:
    job = make_job(horizon=2)
    settings = trainer("p6").settings(**SETTINGS)
    first = trainer("p6").fit(job, settings)
    before = weights(job.folder)
    again = trainer("p6").fit(dataclasses.replace(job, resume=True), settings)
    assert again == first
    after = weights(job.folder)
    assert all(torch.equal(tensor, after[key]) for key, tensor in before.items())


def test_a_state_of_another_model_is_refused(make_job: MakeJob) -> None:
    job = make_job(horizon=2)
    trainer("p6").fit(job, trainer("p6").settings(**SETTINGS))
    wider = trainer("p6").settings(**{**SETTINGS, "width": 32})
    with pytest.raises(TrainingError, match="the saved state does not fit this run"):
        trainer("p6").fit(dataclasses.replace(job, resume=True), wider)


def test_the_log_does_not_change_the_weights(make_job: MakeJob) -> None:
    states = []
    for log_every, save_every in ((1, 0), (1000, 3)):
        job = make_job(horizon=2)
        more = {"log_every": log_every, "save_every": save_every, "on_collapse": "ignore"}
        knobs = {**SETTINGS, **more}
        trainer("p6b").fit(job, trainer("p6b").settings(**knobs))
        states.append(weights(job.folder))
    assert all(torch.equal(tensor, states[1][key]) for key, tensor in states[0].items())
