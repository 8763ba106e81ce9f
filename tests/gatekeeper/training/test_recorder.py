"""Whatever goes wrong in a recorder: it is told once, and everybody else hears of everything."""

from pathlib import Path

import pytest

from gatekeeper.training.recorder import End, Recorder, Recorders, closing
from schemas.errors import Interrupted
from schemas.records.history import FIGURES, Epoch, Steps
from tests.gatekeeper.integrations.epochs import epoch
from trainers.contracts import Monitor, RunStart, StepProgress

EVENTS = ("begin", "step", "interval", "epoch", "close")


class Keeping(Recorder):
    """Keeps what it hears, and fails at one event."""

    def __init__(self, fails_at: str = "") -> None:
        self.heard: list[str] = []
        self.end: End | None = None
        self.fails_at = fails_at

    def hear(self, event: str) -> None:
        self.heard.append(event)
        if event == self.fails_at:
            raise RuntimeError(f"no {event}\ntoday")

    def begin(self, start: RunStart) -> None:
        self.hear("begin")

    def step(self, progress: StepProgress) -> None:
        self.hear("step")

    def interval(self, epoch: int, steps: Steps) -> None:
        self.hear("interval")

    def epoch(self, record: Epoch) -> None:
        self.hear("epoch")

    def close(self, end: End) -> None:
        self.end = end
        self.hear("close")


def tell_all(monitor: Monitor) -> None:
    means = dict.fromkeys(FIGURES, 0.0)
    monitor.begin(RunStart(epochs=1, steps=2))
    for step in (1, 2):
        monitor.step(StepProgress(1, step, 2, samples=step, seconds=1.0, means=lambda: means))
    monitor.interval(1, Steps(2, means))
    monitor.epoch(epoch(1))


def test_everybody_hears_everything_in_order() -> None:
    members, lines = {"one": Keeping(), "other": Keeping()}, list[str]()
    recorders = Recorders(members, lines.append)
    tell_all(recorders)
    recorders.close(End("FINISHED"))
    for member in members.values():
        assert member.heard == ["begin", "step", "step", "interval", "epoch", "close"]
    assert lines == []


@pytest.mark.parametrize("event", EVENTS)
def test_one_that_fails_is_told_once_and_left_out(event: str) -> None:
    broken, sound, lines = Keeping(event), Keeping(), list[str]()
    recorders = Recorders({"broken": broken, "sound": sound}, lines.append)
    tell_all(recorders)
    recorders.close(End("FINISHED"))
    assert broken.heard[-1] == event
    assert broken.heard.count(event) == 1
    assert sound.heard == ["begin", "step", "step", "interval", "epoch", "close"]
    assert lines == [
        f"warning: broken failed and is left out from now on; the training goes on: no {event} today"
    ]


def test_a_monitor_that_records_nothing_need_not_be_closed() -> None:
    lines: list[str] = []
    Recorders({"view": Monitor()}, lines.append).close(End("FINISHED"))
    assert lines == []


@pytest.mark.parametrize(
    ("error", "ending"),
    [(None, "FINISHED"), (Interrupted("SIGTERM"), "KILLED"), (ValueError("bad"), "FAILED"),
     (KeyboardInterrupt(), "FAILED")],
)  # fmt: skip
def test_a_recorder_is_told_how_the_run_ended(
    error: BaseException | None, ending: str, tmp_path: Path
) -> None:
    made, never = tmp_path / "made", tmp_path / "never"
    member = Keeping()

    def run() -> None:
        with closing(Recorders({"one": member}, print), (made, never)):
            made.touch()
            if error is not None:
                raise error

    if error is None:
        run()
    else:
        with pytest.raises(type(error)):
            run()
    assert member.end == End(ending, (made,), None)  # type: ignore[arg-type]
