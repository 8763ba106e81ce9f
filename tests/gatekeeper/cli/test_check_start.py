"""What ``gatekeeper check`` and its like import before they decide."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

from tests.gatekeeper.cli.checking import FORMATS, MODEL, REPORT, rules
from tests.gatekeeper.forgery import Files

Run = Callable[..., click.testing.Result]

WATCH = """
import sys
from gatekeeper.__main__ import main
sys.argv = ["gatekeeper", *sys.argv[1:]]
try:
    main()
except SystemExit as done:
    print()
    heavy = ("torch", "faiss", "scipy", "trainers", "tabulate")
    print(done.code, [name for name in heavy if name in sys.modules])
"""


def imported(*arguments: str | Path) -> str:
    """Exit code and which of the heavy packages were imported."""
    command = [sys.executable, "-c", WATCH, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("form", FORMATS)
def test_a_check_imports_no_heavy_package(files: Files, run: Run, form: str) -> None:
    run("sign", REPORT, "--key", "trusted.key")
    demands: list[str | Path] = ["--model", files.model, "--trusted-key", files.public, "--max-age", "1d"]
    tables = ["tabulate"] if form in ("markdown", "github") else []
    assert (
        imported("check", files.report, "--model", files.model, *demands, "--format", form) == f"0 {tables}"
    )


@pytest.mark.parametrize("decide", ["point", "bound"])
def test_a_check_against_a_champion_imports_neither_torch_nor_faiss(files: Files, decide: str) -> None:
    champion: list[str | Path] = ["--policy", rules(files, decide), "--champion", files.weaker_report]
    found = imported("check", files.report, "--model", files.model, *champion)
    assert found.startswith("0 ")
    assert "torch" not in found
    assert "faiss" not in found


def test_a_refusal_imports_no_heavy_package(files: Files) -> None:
    assert imported("check", files.folder / "missing.json", "--report-only") == "3 []"


@pytest.mark.parametrize("name", ["report", "policy", "decision", "production"])
def test_a_schema_imports_no_heavy_package(name: str) -> None:
    assert imported("schema", name) == "0 []"


def test_the_history_of_deployments_imports_no_heavy_package(files: Files, run: Run) -> None:
    assert run("deploy", MODEL, "--report", REPORT, "--to", "production").exit_code == 0
    assert imported("deploy", "--to", files.production, "--history") == "0 ['tabulate']"  # it is a table


def test_a_signature_imports_no_heavy_package(files: Files) -> None:
    assert imported("sign", files.report, "--key", files.key) == "0 []"
