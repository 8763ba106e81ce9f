"""Standard output belongs to the command, and what models print goes to standard error."""

import os
import subprocess
import sys

import pytest

from gatekeeper.cli.stdout import reserved_stdout
from tests.gatekeeper.terminal import ROOT

PROGRAM = """
import os, subprocess, sys
from gatekeeper.cli.stdout import reserved_stdout
with reserved_stdout(process={process}) as ours:
    print("a model says")
    os.write(1, b"a library says\\n")
    subprocess.run(["echo", "a child says"], check=True)
    ours.write("verdict\\n")
print("at the end")
"""


@pytest.mark.parametrize(
    ("process", "out"),
    [(True, ["verdict"]), (False, ["a library says", "a child says", "verdict", "at the end"])],
)
def test_only_the_command_reaches_standard_output(process: bool, out: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(process=process)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    said = ["a model says", "a library says", "a child says", "verdict", "at the end"]
    assert sorted(done.stdout.splitlines()) == sorted(out)
    assert sorted(done.stderr.splitlines()) == sorted(set(said) - set(out))


@pytest.mark.parametrize("process", [True, False])
def test_a_stream_in_memory_is_only_led_away(process: bool, capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    with reserved_stdout(process=process) as ours:
        assert ours is before
        print("a model says")
        ours.write("verdict")
    assert sys.stdout is before
    assert capsys.readouterr() == ("verdict", "a model says\n")
