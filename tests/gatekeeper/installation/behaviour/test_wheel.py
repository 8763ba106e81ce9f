"""The wheel holds all that the project needs; an editable installation hides what was forgotten."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.gatekeeper.installation.wheel import PACKAGES, ROOT
from trainers.architectures.linear import ARCHITECTURE
from trainers.checkpoints.checkpoint import save_checkpoint

CONFIG = {"input_dim": 384, "context": 5}  # of a model for the speeches


def files_below(home: Path) -> set[str]:
    """What lies in the four packages, but what Python compiles and tools leave behind."""
    found = (path for package in PACKAGES for path in (home / package).rglob("*") if path.is_file())
    left_out = ("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache")
    names = {path.relative_to(home) for path in found}
    return {name.as_posix() for name in names if not set(left_out) & set(name.parts)}


def run_alone(site: Path, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Python where the wheel and its dependencies are, but the checkout is not.

    ``-S`` leaves out ``.pth`` files, and with them an editable installation; ``-P`` the working directory.
    """
    others = [place for place in sys.path if place and Path(place).resolve() != ROOT]
    return subprocess.run(
        [sys.executable, "-S", "-P", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *others])},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_holds_every_file_of_the_four_packages(wheel_site: Path) -> None:
    assert files_below(wheel_site) == files_below(ROOT)


@pytest.mark.parametrize(
    "path",
    [
        *(f"{package}/py.typed" for package in PACKAGES),
        "gatekeeper/data/formats/books.npz",
        "gatekeeper/data/formats/speeches.npz",
        "gatekeeper/integrations/mlflow/__init__.py",
        "gatekeeper/render/page/templates/report.css",
        "schemas/policies/seed-5cat.toml",
        "schemas/report.v2.json",
    ],
)
def test_control_what_is_no_module_is_compared_too(path: str) -> None:
    assert path in files_below(ROOT)


def test_an_import_finds_the_wheel_and_nothing_of_the_checkout(wheel_site: Path, tmp_path: Path) -> None:
    code = "from gatekeeper.cli import cli; import gates; print(cli.name, gates.__file__)"
    done = run_alone(wheel_site, "-c", code, folder=tmp_path)
    assert done.stderr == ""
    assert done.stdout.split() == ["cli", str(wheel_site / "gates" / "__init__.py")]


def test_a_model_is_evaluated_and_checked(wheel_site: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    save_checkpoint(
        tmp_path / "m.pt",
        model_type="linear",
        model_config=CONFIG,
        module=ARCHITECTURE.make(**CONFIG),
        horizon=1,
        context=CONFIG["context"],
        extra={},
    )
    for words in (
        ("eval", "m.pt", "--max-samples", "300", "--html", "page.html"),
        ("check", "m.report.json", "--model", "m.pt"),
    ):
        done = run_alone(wheel_site, "-m", "gatekeeper", "-q", *words, folder=tmp_path)
        assert done.returncode == 1, done.stderr
        assert "BLOCKED" in done.stdout, words
    assert "</html>" in (tmp_path / "page.html").read_text(encoding="utf-8")
