"""A bar on a terminal, and nothing elsewhere or where all shall be quiet."""

import contextlib
import io
import os
import pty
import re
import sys
from collections.abc import Callable
from pathlib import Path

import click
import click.testing
import pytest
from click.testing import CliRunner

from gatekeeper.cli.progress import bar, working
from gatekeeper.cli.voice import quiet_option


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def work() -> None:
    with bar("val\x1b[2J", 4) as advance:
        for _ in range(2):
            advance(2)


def test_a_terminal_sees_a_bar_that_vanishes(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    work()
    assert "val" in stream.getvalue()
    assert "\x1b[2J" not in stream.getvalue()
    assert not stream.getvalue().endswith("\n")


def test_a_terminal_without_a_size_sees_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container: a terminal that nobody has measured has no rows and no columns."""
    reader, writer = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(writer, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with working("reading"):
            pass
        work()
        os.set_blocking(reader, False)
        seen = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                seen += os.read(reader, 65536)
    os.close(reader)
    assert b"reading" in seen
    assert b"0%" in seen


def test_no_terminal_sees_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    work()
    assert capsys.readouterr() == ("", "")


def test_a_log_is_told_now_and_then_how_much_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 9.0, 12.0, 60.0, 73.0, 6000.0])
    monkeypatch.setattr("gatekeeper.cli.progress.time.monotonic", lambda: next(clock))
    with bar("embedding", 6000, told=True) as advance:
        for count in (6, 6, 60, 1, 5927):
            advance(count)
    assert capsys.readouterr().err == "embedding: 0%, 1:39:48 left\nembedding: 1%, 1:38:47 left\n"


@pytest.mark.parametrize("told", [False, True])
def test_a_terminal_sees_the_time_that_is_left(told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with bar("embedding", 4, told=told) as advance:
        advance(1)
    assert re.search(r"embedding: +0%.*0\.00/4\.00 \[00:00<\?", stream.getvalue())
    assert "left" not in stream.getvalue()


def test_quiet_is_quiet_on_a_terminal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()

    @click.command()
    def command() -> None:
        monkeypatch.setattr(sys, "stderr", stream)
        work()
        with working("reading"):
            pass

    command.params.append(quiet_option())
    assert CliRunner().invoke(command, ["-q"]).exit_code == 0
    assert stream.getvalue() == ""


@pytest.mark.parametrize(("term", "seen"), [("xterm", ["reading ...", "", ""]), ("dumb", [""])])
def test_work_is_named_on_a_terminal_until_it_is_done(
    term: str, seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", term)
    with working("reading"):
        pass
    assert [part.strip() for part in stream.getvalue().lstrip("\r").split("\r")] == seen


def test_commands_say_what_they_do_before_there_is_anything_to_show(
    world: Path, run: Callable[..., click.testing.Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatekeeper.cli.progress.is_terminal", lambda stream: True)
    small = ("--epochs", "1", "--layers", "1", "--width", "16", "--heads", "2", "--mini-samples", "120")
    model, report = "mine/best_model.pt", "mine/5cat_results.json"
    for command, said in (
        (("train", "p6", *small, "--out", "mine"), ["reading the data"]),
        (("eval", model), ["reading the data", "loading the model"]),
        (("report", report), []),
        (("report", report, "--html", "page.html"), ["drawing the page"]),
        (
            ("data", "build", "bank.npz", "--out", "built", "--split", "train=0-5"),
            ["reading the bank", "writing the data set"],
        ),
        (("data", "info"), ["reading the bank", "reading the data", "surveying the data"]),
        (("deploy", model, "--report", report, "--to", "production"), ["checking and deploying"]),
    ):
        assert re.findall(r"\r([a-z ]+) \.\.\.", run(*command).stderr) == said, command
