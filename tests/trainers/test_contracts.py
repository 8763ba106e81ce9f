"""What a training tells its monitor: every step, log line and epoch, in order, as its history has them."""

from collections.abc import Callable

import pytest

from schemas.errors import Interrupted
from schemas.reading.history import read_history
from schemas.records.history import FIGURES, HISTORY_FILE, Epoch, Steps
from trainers.contracts import Monitor, RunStart, StepProgress, TrainingJob
from trainers.loop import train as loop
from trainers.loop.setup import Run
from trainers.loop.state import State
from trainers.registry import trainer

MakeJob = Callable[..., TrainingJob]

SETTINGS = {"epochs": 3, "layers": 1, "width": 16, "heads": 2, "mini_samples": 120, "log_every": 3}
STEPS = 7  # 6 articles of 34 windows in batches of 32


class Ear(Monitor):
    def __init__(self) -> None:
        self.starts: list[RunStart] = []
        self.order: list[str] = []
        self.intervals: list[tuple[int, Steps]] = []
        self.epochs: list[Epoch] = []
        self.means: list[dict[str, float]] = []

    def begin(self, start: RunStart) -> None:
        self.starts.append(start)

    def step(self, progress: StepProgress) -> None:
        self.order.append(f"{progress.epoch}.{progress.step}")
        self.means.append(dict(progress.means()))
        assert progress.samples <= 32 * progress.step
        assert progress.seconds > 0

    def interval(self, epoch: int, steps: Steps) -> None:
        self.order.append("interval")
        self.intervals.append((epoch, steps))

    def epoch(self, record: Epoch) -> None:
        self.order.append("epoch")
        self.epochs.append(record)


def settings(**more: object) -> object:
    return trainer("p6b").settings(**{**SETTINGS, "on_collapse": "ignore", **more})


def test_it_is_told_what_the_history_keeps(make_job: MakeJob) -> None:
    ear = Ear()
    job = make_job(monitor=ear)
    trainer("p6b").fit(job, settings())
    one = [[f"{{0}}.{step}" for step in steps] for steps in ((1, 2, 3), (4, 5, 6), (7,))]
    expected = [
        said.format(number)
        for number in (1, 2, 3)
        for said in [*one[0], "interval", *one[1], "interval", *one[2], "interval", "epoch"]
    ]
    assert ear.order == expected
    assert ear.starts == [RunStart(epochs=3, steps=STEPS)]
    history = read_history(job.folder / HISTORY_FILE)
    assert tuple(ear.epochs) == history.epochs
    assert ear.intervals == [(epoch.epoch, steps) for epoch in history.epochs for steps in epoch.steps]
    # The means it may ask for at a log line's last step are that line's.
    assert ear.means[2] == ear.intervals[0][1].figures
    assert ear.means[0].keys() == set(FIGURES)


def test_a_resumed_run_begins_with_what_was_done(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(run: Run, state: State) -> bool:
        return (state.epoch, state.step) == (2, 5)

    job = make_job()
    with monkeypatch.context() as patch:
        patch.setattr(loop, "_asked_to_end", asked)
        with pytest.raises(Interrupted):
            trainer("p6b").fit(job, settings())
    ear = Ear()
    trainer("p6b").fit(make_job(folder=job.folder, monitor=ear, resume=True), settings())
    history = read_history(job.folder / HISTORY_FILE)
    [start] = ear.starts
    assert (start.epochs, start.steps, start.epoch, start.step) == (3, STEPS, 2, 5)
    assert start.done == history.epochs[:1]
    assert start.part == history.epochs[1].steps[:1]
    assert ear.order[0] == "2.6"
    assert tuple(ear.epochs) == history.epochs[1:]


def test_a_monitor_changes_nothing(make_job: MakeJob) -> None:
    jobs = [make_job(monitor=Ear()), make_job()]
    histories = []
    for job in jobs:
        trainer("p6b").fit(job, settings())
        histories.append(read_history(job.folder / HISTORY_FILE))
    heard, unheard = ([epoch.steps for epoch in history.epochs] for history in histories)
    assert heard == unheard
