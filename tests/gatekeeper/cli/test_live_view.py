"""The live view: a few lines rewritten in place on a terminal, and nothing of it anywhere else."""

import io
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from gatekeeper.cli import live_view as status
from gatekeeper.cli import terminal
from gatekeeper.cli.live_view import Status, picture
from gatekeeper.data.synthetic.folder import write_world
from gatekeeper.data.synthetic.worlds import FORWARD
from schemas.records.history import FIGURES, MiniGates
from tests.gatekeeper.integrations.epochs import epoch, mini
from tests.gatekeeper.terminal import ROOT, seen_on_terminal
from trainers.contracts import RunStart, StepProgress

MEANS = dict.fromkeys(FIGURES, 0.0) | {"loss": 0.00231, "gap": 0.052, "lambda_eff": 0.01234}


def progress(number: int, step: int, means: dict[str, float] = MEANS, *, steps: int = 100) -> StepProgress:
    return StepProgress(number, step, steps, samples=32 * step, seconds=step / 4, means=lambda: means)


def test_the_picture_of_a_first_epoch() -> None:
    # 30 of 300 steps in 60 s: 540 s for the other 270.
    lines = picture(RunStart(epochs=3, steps=100), progress(1, 30), [], elapsed=60.0)
    assert lines == [
        "epoch 1/3   step 30/100   128 samples/s   ETA 0:09:00",
        "loss 0.00231   gap +0.052   λ_eff 0.01234",
    ]


def test_an_epoch_may_have_fewer_steps_than_others() -> None:
    lines = picture(RunStart(epochs=3, steps=100), progress(1, 3, steps=5), [], elapsed=1.0)
    assert lines[0].startswith("epoch 1/3   step 3/5   ")


def test_the_time_that_is_left_follows_this_process_alone() -> None:
    # Resumed after 150 steps; 10 of its own in 20 s, 140 to go.
    lines = picture(RunStart(epochs=3, steps=100, epoch=2, step=50), progress(2, 60), [], elapsed=20.0)
    assert lines[0].endswith("ETA 0:04:40")


@pytest.mark.parametrize(
    ("before", "now", "line"),
    [
        (None, mini(), "margin +0.052  R@5 0.702  cos 0.476  bits 0.50"),
        (mini(0.04, 0.71, 0.476), mini(), "margin +0.052 ↑  R@5 0.702 ↓  cos 0.476 →  bits 0.50 →"),
        (mini(-0.04, 0.7019, 0.5), mini(), "margin +0.052 ↑  R@5 0.702 →  cos 0.476 ↓  bits 0.50 →"),
        (mini(None, 0.7, None), mini(0.1, None, 0.3), "margin +0.100  R@5 -  cos 0.300  bits 0.50 →"),
    ],
)
def test_arrows_point_where_the_figures_went(before: MiniGates | None, now: MiniGates, line: str) -> None:
    minis = [(6, now)] if before is None else [(4, before), (6, now)]
    lines = picture(RunStart(epochs=9, steps=10), progress(7, 1), minis, elapsed=1.0)
    assert lines[2] == f"Mini-5CAT of epoch 6  {line}"
    assert len(lines[2]) < 80


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def make(clock: Clock, *, columns: int = 80, colour: bool = False) -> tuple[Status, io.StringIO]:
    stream = io.StringIO()
    return Status(stream, colour=colour, columns=lambda: columns, clock=clock), stream


def test_it_is_drawn_ten_times_a_second_at_most_and_only_then_asks_the_device(clock: Clock) -> None:
    view, stream = make(clock)
    view.begin(RunStart(epochs=1, steps=1000))
    asked: list[int] = []

    def means() -> dict[str, float]:
        asked.append(1)
        return MEANS

    for step in range(1, 101):
        clock.now += 0.01
        view.step(StepProgress(1, step, 1000, samples=step, seconds=1.0, means=means))
    assert 9 <= len(asked) <= 10
    assert stream.getvalue().count("epoch 1/1") == len(asked)


def test_a_picture_replaces_the_one_before_and_leaves_nothing(clock: Clock) -> None:
    view, stream = make(clock)
    view.begin(RunStart(epochs=2, steps=10, epoch=2, done=(epoch(1, gates=mini()),)))
    view.step(progress(2, 1))
    assert "Mini-5CAT of epoch 1  margin +0.052  R@5 0.702  cos 0.476  bits 0.50" in stream.getvalue()
    before = stream.getvalue()
    clock.now += 1.0
    view.step(progress(2, 2))
    assert stream.getvalue().removeprefix(before).startswith("\r\x1b[2A\x1b[J")  # three lines
    before = stream.getvalue()
    view.erase()
    view.erase()
    assert stream.getvalue().removeprefix(before) == "\r\x1b[2A\x1b[J"


def test_a_log_line_stays_above_it(clock: Clock) -> None:
    view, stream = make(clock)
    view.begin(RunStart(epochs=1, steps=10))
    view.step(progress(1, 1))
    before = stream.getvalue()
    view.log("[P6b dir] λ_eff=0.1")
    assert stream.getvalue().removeprefix(before) == "\r\x1b[1A\x1b[J[P6b dir] λ_eff=0.1\n"
    before = stream.getvalue()
    view.step(progress(1, 2))  # at once, however young the last picture was
    assert stream.getvalue().removeprefix(before).startswith("epoch 1/1   step 2/10")


def test_a_terminal_narrower_than_a_line_shows_none(clock: Clock) -> None:
    widest = max(map(len, picture(RunStart(epochs=1, steps=10), progress(1, 1), [], elapsed=0.0)))
    for columns, shown in ((widest, False), (widest + 1, True), (0, False)):
        view, stream = make(clock, columns=columns)
        view.begin(RunStart(epochs=1, steps=10))
        view.step(progress(1, 1))
        assert bool(stream.getvalue()) is shown


def test_colour_is_for_arrows_where_it_is_wanted(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    done = (epoch(1, gates=mini(0.04, 0.71, 0.476)), epoch(2, gates=mini()))
    shown = {}
    for colour in (True, False):
        view, stream = make(clock, colour=colour)
        view.begin(RunStart(epochs=3, steps=10, epoch=3, done=done))
        view.step(progress(3, 1))
        shown[colour] = stream.getvalue()
    assert "margin +0.052 \x1b[32m↑\x1b[0m  R@5 0.702 \x1b[31m↓\x1b[0m  cos 0.476 →" in shown[True]
    assert "\x1b[3" not in shown[False]
    for value, wanted in (("1", False), ("", True)):  # https://no-color.org: empty counts as not set
        monkeypatch.setenv("NO_COLOR", value)
        assert terminal.wants_colour() is wanted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "colour"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, None)],
)
def test_a_terminal_gets_the_view_that_it_can_show(
    variables: dict[str, str], colour: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", Terminal())
    view = status.open_status()
    assert (None if view is None else view.colour) is colour
    monkeypatch.setattr(status, "quiet", lambda: True)
    assert status.open_status() is None
    monkeypatch.setattr(status, "quiet", lambda: False)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert status.open_status() is None


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """How the same small training looks on a terminal and in a file."""
    folder = tmp_path_factory.mktemp("seen") / "world"
    write_world(folder, "forward", replace(FORWARD, articles=60, chunks=20, dimension=16))
    command = [sys.executable, "-m", "gatekeeper", "train", "p6b", "--layers", "1", "--width", "16"]
    command += ["--heads", "2", "--mini-samples", "100", "--epochs", "3", "--on-collapse", "ignore"]
    command += ["--config", str(folder / "gatekeeper.toml"), "--out"]
    code, text = seen_on_terminal([*command, str(folder / "terminal")])
    assert code in (0, 1), text
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, str(folder / "file")], env=variables, capture_output=True, text=True, check=False
    )
    return {"terminal": text.replace("\r\n", "\n"), "file": done.stderr}


def logged(text: str) -> list[str]:
    """The lines that stay when the pictures are erased, without what differs from run to run."""
    plain = re.sub(r"\x1b\[[0-9]*m", "", text)
    plain = re.sub(r"\r[^\r\n]* \.\.\.\r *\r", "", plain)  # what is being done, while it is
    kept = re.sub(r"epoch \d+/\d+   step[^\x1b]*\r(?:\x1b\[\d+A)?\x1b\[J", "", plain)
    lines = [re.sub(r"\d+ windows/s", "windows/s", line) for line in kept.split("\n")]
    return [line for line in lines if line.startswith(("p6b: ", "[", "✅", "⚠️", "warning: ", "   "))]


def test_training_on_a_terminal_shows_the_status(seen: dict[str, str]) -> None:
    text = seen["terminal"]
    assert re.search(r"epoch 1/3   step \d+/\d+   \d+ samples/s   ETA \d+:\d\d:\d\d\n", text)
    assert re.search(r"\nloss \d\.\d{5}   gap [+-]\d\.\d{3}   λ_eff \d\.\d{5}", text)
    assert "Mini-5CAT of epoch 1  margin " in text
    assert re.search("Mini-5CAT of epoch 2 .* \x1b\\[3[12]m[↑↓]\x1b\\[0m", text)


def test_training_elsewhere_shows_the_very_same_log_lines_and_nothing_else(seen: dict[str, str]) -> None:
    lines = logged(seen["file"])
    assert sum(line.startswith("[P6b dir] λ_eff=") for line in lines) == 3
    assert sum(line.startswith("[Mini-5CAT] Margin: ") for line in lines) == 3
    assert logged(seen["terminal"]) == lines
    for mark in ("samples/s", "\x1b", "\r"):
        assert mark in seen["terminal"]
        assert mark not in seen["file"]
