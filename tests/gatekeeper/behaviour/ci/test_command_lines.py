"""Every command line in the action and the examples is one of ours."""

from pathlib import Path

import click
import pytest

from gatekeeper.cli.app import cli
from tests.gatekeeper.behaviour.ci.files import ACTION, GITHUB, GITLAB, command_lines


@pytest.mark.parametrize(
    ("path", "commands"),
    [
        (ACTION, ["check", "check"]),
        (GITHUB, ["train", "eval", "sign", "deploy"]),
        (GITLAB, ["train", "eval", "sign", "check", "check", "deploy"]),
    ],
)
def test_every_command_line_is_one_the_program_takes(path: Path, commands: list[str]) -> None:
    lines = command_lines(path)
    assert [words[1] for words in lines] == commands
    for words in lines:
        parse(words[1:])


def parse(words: list[str]) -> None:
    """Parse as the program would, without running anything."""
    command: click.Command = cli
    context = click.Context(cli, info_name="gatekeeper")
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        if found is None:
            raise click.UsageError(f"no command {words[0]}")
        command, words = found, words[1:]
    command.make_context(command.name, words, parent=context)


def test_control_a_command_line_that_the_program_does_not_take_is_noticed() -> None:
    for words in (
        ["check"],
        ["check", "x", "--modle", "y"],
        ["check", "x", "--max-age", "soon"],
        ["chek", "x"],
    ):
        with pytest.raises(click.UsageError):
            parse(words)
