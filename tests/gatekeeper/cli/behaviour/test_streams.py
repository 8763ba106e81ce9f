"""Streams that are closed, whose readers go away, or that cannot encode what is to be written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gatekeeper.terminal import ROOT

SMALL = ("--layers", "1", "--width", "16", "--heads", "2", "--mini-samples", "120", "--epochs", "1")


def shell(line: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``line`` in a shell; ``"$@"`` in it is gatekeeper with ``words``."""
    command = [sys.executable, "-m", "gatekeeper", *words]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        ["bash", "-c", line, "bash", *command], env=variables, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("words", "code", "verdict"),
    [
        (("eval", "control:oracle"), 0, "DEPLOYABLE"),
        (("train", "p1", *SMALL, "--out", "mine", "--html", "mine.html"), 1, "BLOCKED"),
    ],
    ids=["eval", "train"],
)
@pytest.mark.parametrize("line", ['"$@" 2>&-', '"$@" <&- 2>&-'])
def test_without_a_standard_error_the_verdict_is_the_same(
    words: tuple[str, ...], code: int, verdict: str, line: str, world: Path
) -> None:
    done = shell(line, *words)
    assert (done.returncode, done.stderr) == (code, "")
    assert verdict in done.stdout


@pytest.mark.parametrize(
    "words",
    [("--version",), ("--help",), ("train", "p6b", "--help"), ("list", "trainers"), ("schema", "report")],
    ids=" ".join,
)
def test_a_reader_that_has_gone_never_means_blocked(words: tuple[str, ...]) -> None:
    done = shell('{ sleep 0.5; "$@"; echo "$?" >&2; } | true', *words)
    assert done.stderr == "3\n"


def test_a_text_that_standard_output_cannot_encode_is_escaped(world: Path) -> None:
    done = shell('PYTHONIOENCODING=ascii "$@"', "train", "p6b", *SMALL, "--out", "mine", "--full")
    assert done.returncode == 1
    assert "\\u03bb_eff" in done.stdout
    assert "BLOCKED" in done.stdout


def test_a_folder_whose_name_is_no_text_is_named(world: Path) -> None:
    line = "PYTHONIOENCODING=utf-8:strict \"$@\" --out $'mine\\xff'"
    done = shell(line, "train", "ridge", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert any(line.startswith("mine\\udcff/best_model.pt (linear") for line in done.stdout.splitlines())
