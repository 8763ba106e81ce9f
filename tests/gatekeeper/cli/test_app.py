import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

from gatekeeper import __version__
from gatekeeper.cli.app import cli

Run = Callable[..., click.testing.Result]


def test_help_lists_all_commands(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    for line in (
        "  eval     Run the five gates on a model and write a report.",
        "  train    Train a model with a registered trainer.",
        "  check    Let a model through, or stop it: for CI.",
        "  report   Show a report as a table or an HTML page.",
        "  compare  Compare models on identical samples.",
        "  deploy   Check a model and switch production to it.",
        "  sign     Sign a report.",
        "  keygen   Make a key pair for signing.",
        "  data     Build, inspect, audit and make data.",
        "  list     List trainers, gates, architectures, ...",
        "  schema   Print a published JSON Schema.",
        "  Exit codes: 0 pass or done, 1 blocked, 2 usage, 3 no verdict, 4 interrupted.",
    ):
        assert line in result.stdout.splitlines()


def test_help_fits_a_screen() -> None:
    result = click.testing.CliRunner().invoke(cli, ["--help"], terminal_width=80)
    lines = result.stdout.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"gatekeeper, version {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("evil",), "Error: No such command 'evil'; did you mean 'eval'?"),
        (("zzz",), "Error: No such command 'zzz'"),
        (("data", "sinth"), "Error: No such command 'sinth'; did you mean 'synth'?"),
        (
            ("train", "p6d"),
            "Error: unknown trainer 'p6d'; did you mean 'p6'? "
            "known: nce, p1, p2, p3, p4, p5, p6, p6b, p6c, ridge",
        ),
        (
            ("schema", "reprot"),
            "'reprot' is not one of 'audit', 'dataset', 'decision', 'history', 'policy', 'production', "
            "'report'. Did you mean 'report'?",
        ),
        (
            ("check", "x", "--format", "jason"),
            "Error: Invalid value for '--format': 'jason' is not one of 'table', 'json', 'markdown', "
            "'junit', 'github'. Did you mean 'json'?",
        ),
        (("check", "x", "--polisy", "y"), "Error: No such option '--polisy'. Did you mean '--policy'?"),
        (("eval", "control:copylast"), "Error: unknown control 'copylast'; did you mean 'copy_last'? known"),
        (("check", "x", "--policy", "seed"), "did you mean 'seed-5cat'?"),
    ],
)
def test_a_mistyped_name_is_told_the_nearest(run: Run, arguments: tuple[str, ...], line: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert line in result.stderr


@pytest.mark.parametrize(
    "arguments", [("evil",), ("eval",), ("eval", "x", "--no-such-flag"), ("schema", "x")]
)
def test_usage_errors_exit_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--help",), "Usage: gatekeeper [OPTIONS] COMMAND [ARGS]..."),
        (("eval",), "Usage: gatekeeper eval [OPTIONS] MODEL... [DATA]"),
        (("evil",), "Try 'gatekeeper --help' for help."),
        (("--version",), f"gatekeeper, version {__version__}"),
    ],
)
def test_module_and_script_are_the_same_program(arguments: tuple[str, ...], line: str) -> None:
    script = Path(sys.executable).with_name("gatekeeper")
    # The script finds the installed packages, which need not be those of this source tree.
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    ends = []
    for command in ([str(script)], [sys.executable, "-m", "gatekeeper"]):
        done = subprocess.run(
            [*command, *arguments], env=variables, capture_output=True, text=True, check=False
        )
        ends.append((done.returncode, done.stdout, done.stderr))
    assert ends[0] == ends[1]
    assert line in (ends[0][1] + ends[0][2]).splitlines()


@pytest.mark.parametrize("value", ["bash_source", "zsh_source", "fish_source", "bash_complete", "nonsense"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "report.json", "--model", "model.pt"),
        ("deploy", "model.pt", "--report", "report.json", "--to", "production"),
        ("eval", "control:oracle"),
        ("train", "p1"),
        ("sign", "report.json", "--key", "ci.key"),
        ("data", "audit"),
        ("--help",),
        ("",),
    ],
    ids=" ".join,
)
def test_a_shell_that_completes_gives_no_arguments(arguments: tuple[str, ...], value: str) -> None:
    """Otherwise a variable makes every command print words and end with 0."""
    variables = {"_GATEKEEPER_COMPLETE": value, "COMP_WORDS": "gatekeeper ", "COMP_CWORD": "1"}
    result = click.testing.CliRunner(env=variables).invoke(cli, arguments)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        "Error: the variable _GATEKEEPER_COMPLETE is set, so no command would run; unset it, shells set it "
        "alone\n"
    )


def test_a_variable_that_is_empty_asks_for_no_completion() -> None:
    result = click.testing.CliRunner(env={"_GATEKEEPER_COMPLETE": ""}).invoke(cli, ["--version"])
    assert result.exit_code == 0


@pytest.mark.parametrize("arguments", [("--version",), ("check", "missing.json")], ids=" ".join)
@pytest.mark.parametrize(("flags", "variables"), [((), {"PYTHONINSPECT": "1"}), (("-i",), {})])
def test_an_interpreter_that_goes_on_decides_nothing(
    flags: tuple[str, ...], variables: dict[str, str], arguments: tuple[str, ...]
) -> None:
    """At a terminal it drops the exit code and ends with 0."""
    done = subprocess.run(
        [sys.executable, *flags, "-m", "gatekeeper", *arguments],
        env={**os.environ, **variables, "PYTHONPATH": str(Path(__file__).parents[3])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "Error: Python is told to go on interactively, so no exit code would count; unset PYTHONINSPECT or "
        "leave out -i\n"
    )


def test_help_imports_neither_torch_nor_faiss() -> None:
    code = (
        "import sys; sys.argv = ['gatekeeper', '--help']\n"
        "from gatekeeper.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('torch', 'faiss', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_shadowing_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "gates").mkdir()
    (tmp_path / "gates" / "__init__.py").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "gatekeeper", "--help"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 3
    assert f"package 'gates' is shadowed by {tmp_path / 'gates'}" in done.stderr
    assert "Traceback" not in done.stderr
