"""Paths and words as flags take them."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gatekeeper.cli.types import FILE, Choice


@click.command()
@click.option("--file", type=FILE)
@click.option("--word", type=Choice(("forward", "reversed")))
def command(file: Path | None, word: str | None) -> None:
    click.echo(f"{file!r} {word}")


def test_any_path_that_can_be_asked_about_is_taken() -> None:
    result = CliRunner().invoke(command, ["--file", "no/such file"])
    assert result.output == f"{Path('no/such file')!r} None\n"


@pytest.mark.parametrize("given", ["", "a\0b"])
def test_what_is_no_path_is_refused(given: str) -> None:
    result = CliRunner().invoke(command, ["--file", given])
    assert result.exit_code == 2
    assert f"expected a path, found {given!r}" in result.output


def test_files_are_completed_by_the_shell() -> None:
    (item,) = FILE.shell_complete(click.Context(command), command.params[0], "ba")
    assert (item.value, item.type) == ("ba", "file")


@pytest.mark.parametrize(
    ("given", "ending"),
    [
        ("forwrad", "'forwrad' is not one of 'forward', 'reversed'. Did you mean 'forward'?"),
        ("x", "'x' is not one of 'forward', 'reversed'."),
    ],
)
def test_a_mistyped_word_is_told_the_nearest(given: str, ending: str) -> None:
    result = CliRunner().invoke(command, ["--word", given])
    assert result.exit_code == 2
    assert result.output.splitlines()[-1].endswith(ending)
