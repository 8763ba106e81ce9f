"""Models that are no function of their own context, at the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import click.testing
import numpy as np
import pytest

from tests.gatekeeper.cli.refusals import refused

Run = Callable[..., click.testing.Result]

MODELS = """
import torch
from own_models import Turn

class Norm(torch.nn.Module):
    def forward(self, x):
        return x[:, -1] - 0.5 * x[:, -1].mean(dim=0)

class Stateful(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.last = torch.zeros(1)
    def forward(self, x):
        answer = x[:, -1] + 0.2 * self.last
        self.last = x[:, 0].mean(dim=0)
        return answer

class Noisy(torch.nn.Module):
    def forward(self, x):
        return torch.nn.functional.dropout(x[:, -1], 0.2, training=True)

class Writes(Turn):
    def forward(self, x):
        answer = super().forward(x)
        x.add_(1.0)
        return answer

class Complex(torch.nn.Module):
    def forward(self, x):
        return torch.fft.fft(x[:, -1])
"""


@pytest.fixture
def company(world: Path) -> Path:
    (world / "company.py").write_text(MODELS)
    return world


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("Norm", "company:Norm reads the other rows of its batch: on val its answers differ by a chord of "),
        ("Stateful", "company:Stateful keeps a state between calls, or random numbers of its own: on val "),
        ("Noisy", "company:Noisy draws at random: on val its answers differ by a chord of "),
        (
            "Complex",
            "company:Complex must return an ordinary dense tensor of real numbers; found numbers of ",
        ),
    ],
)
def test_no_function_of_its_own_context_gets_no_verdict(
    company: Path, run: Run, model: str, words: str
) -> None:
    assert refused(run("eval", f"company:{model}"), 3).startswith(f"Error: {words}")
    assert not list(company.glob("*.report.json"))


def test_alone_a_reader_of_its_batch_is_measured(company: Path, run: Run) -> None:
    refused = run("eval", "company:Norm")
    assert "eval --batch-size 1 measures the model as it answers alone" in refused.stderr
    result = run("eval", "company:Norm", "--batch-size", "1", "--full")
    assert result.exit_code == 1
    assert (
        "asked in batches of 1, interleaved; float32 answers, asked again they differ by at most"
        in result.stdout
    )


@pytest.mark.parametrize("folder", [False, True])
def test_a_model_that_writes_into_its_input_changes_nobodys_data(
    company: Path, run: Run, folder: bool
) -> None:
    where: tuple[str, ...] = ()
    if folder:
        splits = ("--split", "train=0-5", "--split", "val=6-11", "--split", "ood=12-17")
        assert run("data", "build", "bank.npz", "--out", "set", *splits).exit_code == 0
        where = ("--bank", "set")
    before = (company / "set" / "vectors.npy").read_bytes() if folder else b""
    assert run("eval", "own_models:Turn", *where, "--report", "alone.json").exit_code == 0
    result = run("eval", "company:Writes", "own_models:Turn", *where, "--format", "json")
    assert result.exit_code == 0, result.output
    alone = json.loads((company / "alone.json").read_text())
    reports = [each["evidence"] for each in (alone, *json.loads(result.stdout))]
    assert reports[0] == reports[1] == reports[2]
    if folder:
        assert (company / "set" / "vectors.npy").read_bytes() == before


def test_the_report_says_how_the_model_was_asked_and_answered(company: Path, run: Run) -> None:
    assert run("eval", "own_models:Turn", "--batch-size", "64", "--report", "r.json").exit_code == 0
    report = json.loads((company / "r.json").read_text())
    assert (report["settings"]["batch_size"], report["settings"]["order"]) == (64, "interleaved")
    for split in ("val", "ood"):
        answers = report["evidence"]["answers"][split]
        assert (answers["answered"], answers["weights"], answers["zero_steps"]) == ("float32", None, 0)
        assert np.max([answers["again"], answers["neighbours"], answers["alone"]]) < 1e-6
