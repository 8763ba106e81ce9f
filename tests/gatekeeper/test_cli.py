import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

from gatekeeper import __version__

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
        "  schema   Print a published JSON Schema.",
        "  Exit codes: 0 pass or done, 1 blocked, 2 usage error, 3 no verdict, 4 training",
        "  interrupted, its state saved.",
    ):
        assert line in result.stdout.splitlines()


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"gatekeeper, version {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [("evil",), ("eval",), ("eval", "x", "--no-such-flag"), ("schema", "x")]
)
def test_usage_errors_exit_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_module_and_script_are_the_same_program() -> None:
    script = Path(sys.executable).with_name("gatekeeper")
    outputs = [
        subprocess.run([*command, "--help"], capture_output=True, check=True).stdout
        for command in ([str(script)], [sys.executable, "-m", "gatekeeper"])
    ]
    assert outputs[0] == outputs[1]


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
