"""``gatekeeper train RECIPE --architecture module:Class``: run only where the user names it."""

import itertools
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest
import torch

from schemas.reading.report import read_report
from tests.gatekeeper.cli.refusals import refused
from tests.gatekeeper.cli.walks import write_walks

Run = Callable[..., click.testing.Result]

CODE = """import torch
class Net(torch.nn.Module):
    def __init__(self, input_dim, hidden=4):
        super().__init__()
        self.a, self.b = torch.nn.Linear(input_dim, hidden), torch.nn.Linear(hidden, input_dim)
    def forward(self, contexts):
        return contexts[:, -1] + self.b(torch.tanh(self.a(contexts[:, -1])))
class Narrow(Net):
    def forward(self, contexts):
        return super().forward(contexts)[:, :3]
"""
QUICK = ("--epochs", "2", "--mini-samples", "100", "--batch-size", "128")
_names = itertools.count()


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """In a working directory with a bank of random walks and a ``gatekeeper.toml``."""
    write_walks(tmp_path, articles=18)
    monkeypatch.chdir(tmp_path)
    name = f"own_class_{next(_names)}"
    (tmp_path / f"{name}.py").write_text(CODE)
    return name


def test_an_own_class_is_trained_evaluated_and_resumed_where_it_is_named(
    module: str, tmp_path: Path, run: Run
) -> None:
    own = f"{module}:Net"
    result = run("train", "p1", "--architecture", own, "--hidden", "6", *QUICK, "--out", "mine")
    assert result.exit_code == 1, result.output  # random walks: no model can point forward
    assert "mine/best_model.pt" in result.stdout
    report = read_report(tmp_path / "mine" / "5cat_results.json").inputs.model
    assert (report.kind, report.architecture, report.fingerprint) == ("checkpoint", own, "verified")
    assert report.code is not None
    assert report.code.file == f"{module}.py"
    # A file has nothing imported: neither a checkpoint ...
    assert refused(run("eval", "mine/best_model.pt"), 3) == (
        f"Error: best_model.pt was trained with {own}, code of somebody's own, which no file may have run; "
        f"name it if you trust it: --factory {own}"
    )
    result = run("eval", "mine/best_model.pt", "--factory", own)
    assert result.exit_code == 1, result.output
    again = read_report(tmp_path / "mine" / "best_model.report.json").inputs.model
    assert (again.code, again.training, again.fingerprint) == (report.code, report.training, "verified")
    # ... nor the record of a run.
    assert refused(run("train", "p1", "--resume", "mine"), 2) == (
        f"Error: the run in mine names {own}, code of somebody's own, which no file may have run; name it "
        f"if you trust it: --architecture {own}"
    )
    line = refused(run("train", "p1", "--resume", "mine", "--architecture", f"{module}:Narrow"), 2)
    assert line.startswith("Error: --architecture cannot change while a run is resumed")
    weights = torch.load(tmp_path / "mine" / "best_model.pt", weights_only=True)["model_state_dict"]
    result = run("train", "p1", "--resume", "mine", "--architecture", own)
    assert result.exit_code == 1, result.output
    kept = torch.load(tmp_path / "mine" / "best_model.pt", weights_only=True)["model_state_dict"]
    assert all(torch.equal(kept[name], each) for name, each in weights.items())


@pytest.mark.parametrize(
    ("architecture", "code", "told"),
    [
        ("{}:Narrow", 3, "Narrow must make (4, 8) of contexts (4, 5, 8), a vector for each; found (4, 3)"),
        ("{}:Gone", 3, "Gone cannot be loaded: AttributeError: "),
        ("gone:Net", 3, "gone:Net cannot be loaded: ModuleNotFoundError: "),
        ("{}", 3, "unknown architecture "),
    ],
)
def test_a_class_that_cannot_be_trained_is_told_before_anything_is_written(
    architecture: str, code: int, told: str, module: str, tmp_path: Path, run: Run
) -> None:
    assert told in refused(run("train", "p1", "--architecture", architecture.format(module), *QUICK), code)
    assert not (tmp_path / "runs").exists()


def test_a_configuration_has_nothing_imported(module: str, tmp_path: Path, run: Run) -> None:
    with (tmp_path / "gatekeeper.toml").open("a") as file:
        file.write(f'[train.p1]\narchitecture = "{module}:Net"\n')
    assert refused(run("train", "p1", *QUICK), 2).startswith(
        f"Error: the configuration names {module}:Net, code"
    )
