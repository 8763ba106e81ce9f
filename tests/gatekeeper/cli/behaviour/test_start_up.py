"""What is asked for at the prompt answers at once: nothing loads torch or faiss before it works."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatekeeper.cli.app import COMMANDS
from gatekeeper.cli.choices import KINDS
from gatekeeper.cli.data.group import COMMANDS as DATA_COMMANDS
from tests.gatekeeper.forgery import Files

ROOT = Path(__file__).parents[4]

PROBE = """
import contextlib, io, json, os, sys
from gatekeeper.__main__ import main
heavy = ("numpy", "torch", "faiss", "scipy", "matplotlib", "jinja2", "mlflow", "tensorboard")
heavy += ("sentence_transformers",)
for arguments, variables in json.loads(sys.argv[1]):
    sys.argv, output, code = ["gatekeeper", *arguments], io.TextIOWrapper(io.BytesIO()), 0
    os.environ.update(variables)
    with contextlib.redirect_stdout(output):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    for name in variables:
        del os.environ[name]
    output.flush()
    text = output.buffer.getvalue().decode()
    print(json.dumps([code, [name for name in heavy if name in sys.modules], text]))
"""

Line = tuple[tuple[str, ...], dict[str, str]]


def told(*lines: Line) -> list[tuple[int, list[str], str]]:
    """Run command lines one after the other in a fresh process.

    Returns:
        For each its exit code, the heavy packages that are loaded by now, and its output.
    """
    done = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(lines)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def completing(*words: str) -> Line:
    """What bash asks for when TAB is pressed after the last of ``words``."""
    return (), {
        "_GATEKEEPER_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["gatekeeper", *words]),
        "COMP_CWORD": str(len(words)),
    }


TELLING: list[Line] = [
    (arguments, {})
    for arguments in (
        ("--help",),
        ("--version",),
        ("list",),
        *(("list", kind) for kind in KINDS),
        ("list", "trainers", "--format", "json"),
        ("schema", "report"),
        ("train", "p6b", "--help"),
        ("train", "p6c", "--help"),
        ("train", "p1", "--help"),
        ("train", "ridge", "--help"),
        *((name, "--help") for name in COMMANDS),
        *(("data", name, "--help") for name in DATA_COMMANDS),
    )
]


def test_what_only_tells_loads_nothing_heavy() -> None:
    for (arguments, _), (code, names, output) in zip(TELLING, told(*TELLING), strict=True):
        assert code == 0, arguments
        assert set(names) <= {"numpy"}, arguments  # the help of the data commands
        assert output, arguments


def test_what_reads_a_report_loads_nothing_heavy(files: Files) -> None:
    lines: list[Line] = [
        (("check", str(files.report), "--model", str(files.model)), {}),
        (("report", str(files.report)), {}),
    ]
    for (arguments, _), (code, names, output) in zip(lines, told(*lines), strict=True):
        assert (code, names) == (0, []), arguments
        assert "DEPLOYABLE: " in output, arguments


COMPLETIONS = {
    ("",): [f"plain,{name}" for name in COMMANDS],
    ("co",): ["plain,compare"],
    ("--q",): ["plain,--quiet"],
    ("data", "s"): ["plain,synth"],
    ("train", "p6"): ["plain,p6", "plain,p6b", "plain,p6c"],
    ("train", "ridge", "--ho"): ["plain,--horizon", "plain,--holdout"],
    ("train", "p6b", "--targ"): ["plain,--target-frac"],
    ("train", "p6b", "--prev", "context"): ["plain,context[-2]", "plain,context[-1]"],
    ("train", "p6b", "--architecture", "l"): ["plain,linear", "plain,logit_residual", "plain,lstm"],
    ("train", "nobody", "--"): ["plain,--quiet", "plain,--help"],  # the group's own
    ("eval", "--ret"): ["plain,--retrieval"],
    ("eval", "--policy", "str"): ["plain,strict-5cat"],
    ("eval", "control:r"): ["plain,control:random", "plain,control:ridge", "plain,control:ridge_centred"],
    ("eval", "best"): ["file,best"],
    ("eval", "best.pt", "--bank", "bundled:"): ["plain,bundled:speeches", "plain,bundled:books"],
    ("check", "best"): ["file,best"],
    ("check", "x.json", "--policy", "own.t"): ["file,own.t"],
    ("check", "x.json", "--format", "j"): ["plain,json", "plain,junit"],
    ("list", "t"): ["plain,trainers"],
}


def test_a_shell_completes_without_loading_anything_heavy() -> None:
    found = told(*(completing(*words) for words in COMPLETIONS))
    for (words, expected), (code, names, output) in zip(COMPLETIONS.items(), found, strict=True):
        assert (code, names) == (0, []), words
        assert output.splitlines() == expected, words


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how_to_complete(shell: str) -> None:
    [(code, names, output)] = told(((), {"_GATEKEEPER_COMPLETE": f"{shell}_source"}))
    assert (code, names) == (0, [])
    assert f"_GATEKEEPER_COMPLETE={shell}_complete" in output


def test_bash_itself_completes(tmp_path: Path) -> None:
    program = tmp_path / "gatekeeper"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gatekeeper "$@"\n')
    program.chmod(0o755)
    script = """
        eval "$(_GATEKEEPER_COMPLETE=bash_source gatekeeper)"
        COMP_WORDS=(gatekeeper train ri) COMP_CWORD=2
        _gatekeeper_completion gatekeeper
        echo "${COMPREPLY[@]}"
    """
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["ridge"]


@pytest.mark.parametrize(
    "source",
    ["raise KeyboardInterrupt\n", "class Odd:\n    __getattr__ = dict().pop\nTRAINER = Odd()\n", None],
)
def test_while_a_line_is_completed_a_broken_plug_in_says_nothing(source: str | None, tmp_path: Path) -> None:
    folder = tmp_path / "foreign-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n")
    entry = "name-alone" if source is None else "odd = odd_one:TRAINER"
    (folder / "entry_points.txt").write_text(f"[gatekeeper.trainers]\n{entry}\n")
    (tmp_path / "odd_one.py").write_text(source or "")
    (_, variables) = completing("train", "odd", "--")
    done = subprocess.run(
        [sys.executable, "-m", "gatekeeper"],
        env={**os.environ, **variables, "PYTHONPATH": os.pathsep.join((str(ROOT), str(tmp_path)))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 3)
    assert done.stderr == ""
