"""``--quiet``: neither progress nor notes on stderr, but every error, and all of stdout."""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import click
import click.testing
import pytest

from gatekeeper.cli.app import COMMANDS, cli
from gatekeeper.cli.data.group import COMMANDS as DATA_COMMANDS
from gatekeeper.cli.groups import NamedGroup
from gatekeeper.cli.voice import quiet, quiet_option, say
from tests.gatekeeper.terminal import seen_on_terminal
from trainers.registry import trainer_names

Run = Callable[..., click.testing.Result]

SMALL = ("--layers", "1", "--width", "16", "--heads", "2", "--mini-samples", "120", "--epochs", "1")

LINES = [(), *((name,) for name in COMMANDS), *(("data", name) for name in DATA_COMMANDS)]
LINES += [("train", name) for name in trainer_names()]


@pytest.mark.parametrize("words", LINES, ids=" ".join)
def test_every_command_takes_it(words: tuple[str, ...]) -> None:
    command: click.Command = cli
    context = click.Context(cli)
    for word in words:
        assert isinstance(command, NamedGroup)
        found = command.get_command(context, word)
        assert found is not None
        command = found
    flags = [flag for parameter in command.params for flag in parameter.opts]
    assert sorted(flag for flag in flags if flag in ("-q", "--quiet")) == ["--quiet", "-q"]


@pytest.mark.parametrize(
    "words", [("--quiet", "train", "p6b"), ("train", "-q", "p6b"), ("train", "p6b", "-q")], ids=" ".join
)
def test_a_quiet_training_says_only_how_it_ended(words: tuple[str, ...], world: Path, run: Run) -> None:
    result = run(*words, *SMALL, "--out", "mine")
    assert (result.exit_code, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("BLOCKED: ")
    assert "Trained p6b: all 1 epochs done; the weights kept are those of epoch 1" in lines


def test_a_quiet_evaluation_prints_its_table_and_its_errors(world: Path, run: Run) -> None:
    loud = run("eval", "control:oracle", "missing.pt")
    hushed = run("eval", "control:oracle", "missing.pt", "--quiet")
    assert (loud.exit_code, hushed.exit_code) == (3, 3)
    assert hushed.stdout == loud.stdout
    assert loud.stdout.splitlines()[0].startswith("DEPLOYABLE: ")
    assert [line for line in loud.stderr.splitlines() if line.startswith("Error: ")] == (
        hushed.stderr.splitlines()
    )


def test_an_error_is_said_however_quiet(world: Path, run: Run) -> None:
    result = run("--quiet", "train", "ridge", "--bank", "missing.npz", "--quiet")
    assert result.exit_code == 3
    assert result.stderr.startswith("Error: ")


def test_warnings_of_libraries_are_silenced_for_as_long_as_the_command_runs() -> None:
    heard: list[bool] = []

    @click.command()
    def command() -> None:
        warnings.warn("something is going to change", FutureWarning, stacklevel=1)
        say("a note")
        heard.append(quiet())

    command.params.append(quiet_option())
    result = click.testing.CliRunner().invoke(command, ["--quiet"], catch_exceptions=False)
    assert (result.exit_code, result.output, heard) == (0, "", [True])
    with pytest.warns(FutureWarning, match="going to change"):
        result = click.testing.CliRunner().invoke(command, [], catch_exceptions=False)
    assert (result.output, heard) == ("a note\n", [True, False])
    assert quiet() is False


def test_a_progress_bar_is_none_when_quiet(world: Path) -> None:
    command = [sys.executable, "-m", "gatekeeper", "eval", "control:oracle"]
    code, loud = seen_on_terminal(command)
    assert code == 0
    assert "controls: " in loud
    assert seen_on_terminal([*command, "--quiet"]) == (0, "")
