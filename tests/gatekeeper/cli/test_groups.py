"""A group knows its commands by name and line, and loads one only when it is invoked."""

import sys

import click
import pytest
from click.testing import CliRunner

from gatekeeper.cli.groups import LazyGroup
from schemas.errors import UsageError

MODULE = "gatekeeper.cli.groups_test_command"  # never there: loading it is an error


@click.command()
def plain() -> None:
    """Say so."""
    click.echo("ran")


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> LazyGroup:
    """Two commands, of which ``second`` cannot be imported."""
    monkeypatch.setitem(sys.modules, "one_command", sys.modules[__name__])
    return LazyGroup(
        "group",
        table={"first": ("one_command:plain", "The first."), "second": (f"{MODULE}:command", "The second.")},
    )


def test_help_lists_the_lines_in_their_order_without_importing(group: LazyGroup) -> None:
    result = CliRunner().invoke(group, ["--help"])
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[-2:] == ["  first   The first.", "  second  The second."]
    assert group.list_commands(click.Context(group)) == ["first", "second"]


def test_a_command_is_loaded_and_gets_quiet_once(group: LazyGroup) -> None:
    assert CliRunner().invoke(group, ["first", "--quiet"]).output == "ran\n"
    assert CliRunner().invoke(group, ["first", "-q"]).output == "ran\n"
    loaded = group.get_command(click.Context(group), "first")
    assert loaded is not None
    assert [parameter.name for parameter in loaded.params].count("quiet") == 1


def test_a_command_that_cannot_be_imported_is_an_error_when_it_is_invoked(group: LazyGroup) -> None:
    with pytest.raises(ModuleNotFoundError, match=MODULE):
        CliRunner().invoke(group, ["second"], catch_exceptions=False)


@pytest.mark.parametrize(
    ("name", "words"),
    [("frist", "No such command 'frist'; did you mean 'first'?"), ("x", "No such command 'x'")],
)
def test_an_unknown_name_is_told_the_nearest(group: LazyGroup, name: str, words: str) -> None:
    result = CliRunner().invoke(group, [name])
    assert result.exit_code == 2
    assert result.output.splitlines()[-1] == f"Error: {words}"


def test_names_and_options_are_completed_without_importing(group: LazyGroup) -> None:
    context = click.Context(group)
    assert [item.value for item in group.shell_complete(context, "se")] == ["second"]
    assert [item.value for item in group.shell_complete(context, "--h")] == ["--help"]


def test_while_a_line_is_completed_a_broken_command_is_none(group: LazyGroup) -> None:
    class Broken(LazyGroup):
        def load(self, name: str) -> click.Command:
            raise UsageError("broken")

    broken = Broken("group", table=group.table)
    completing = click.Context(broken, resilient_parsing=True)
    assert broken.get_command(completing, "first") is None
    assert broken.get_command(completing, "third") is None
    with pytest.raises(UsageError, match="broken"):
        broken.get_command(click.Context(broken), "first")
