"""What is shown, said and warned of, and what quiet leaves of it."""

import io
import os
import subprocess
import sys
import warnings

import click
import pytest
from click.testing import CliRunner

from gatekeeper.cli import voice
from tests.gatekeeper.terminal import ROOT


@click.command()
def command() -> None:
    voice.show("shown\x1b[2J", end="")
    voice.show("")
    voice.show_json({"text": "a\x1bb"})
    voice.hand_over("handed over")
    voice.say("said")
    voice.warn("warned")
    warnings.warn("of a library", stacklevel=1)
    click.echo(f" {voice.quiet()}")


command.params.append(voice.quiet_option())


@pytest.mark.filterwarnings("ignore:of a library")
@pytest.mark.parametrize(("flags", "heard"), [([], "said\nwarned\n"), (["-q"], "warned\n")])
def test_quiet_leaves_warnings_and_all_of_standard_output(flags: list[str], heard: str) -> None:
    result = CliRunner().invoke(command, flags)
    assert result.exit_code == 0
    assert result.stderr == heard
    assert "\x1b" not in result.stdout
    assert result.stdout.startswith("shown")
    assert result.stdout.endswith(f"handed over {bool(flags)}\n")


def test_nothing_is_quiet_outside_of_a_command() -> None:
    assert not voice.quiet()


def test_a_stream_of_ones_own_takes_the_place_of_both() -> None:
    stream = io.StringIO()
    voice.show("shown", file=stream)
    voice.warn("warned", file=stream)
    assert stream.getvalue() == "shown\nwarned\n"


def test_no_work_is_lost_where_a_warning_cannot_be_written() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("no space left")

    voice.warn("warned", file=Full())
    with pytest.raises(OSError, match="no space left"):
        voice.show("shown", file=Full())


HUSHED = """
import os, sys, click
from gatekeeper.cli import voice
@click.command()
def command():
    with voice.hushed():
        print("python", file=sys.stderr, flush=True)
        os.write(2, b"descriptor\\n")
    print("after", file=sys.stderr)
command.params.append(voice.quiet_option())
command()
"""


@pytest.mark.parametrize(("flags", "heard"), [([], ["python", "descriptor", "after"]), (["-q"], ["after"])])
def test_whoever_writes_is_hushed_where_all_shall_be_quiet(flags: list[str], heard: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HUSHED, *flags],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.splitlines() == heard
