"""An evaluation sees no difference between a data set and the bank it came from."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click.testing
import pytest

from gatekeeper.data.formats.dataset import open_dataset
from schemas.reading.report import read_report
from schemas.records.dataset import Origin
from schemas.records.report import Report

Run = Callable[..., click.testing.Result]


@pytest.mark.parametrize("horizon", [1, 2])
def test_an_evaluation_of_the_folder_equals_that_of_the_bank_it_came_from(
    world: Path, run: Run, horizon: int
) -> None:
    splits = {"train": "0-5", "val": "6-11", "ood": "12-17"}
    named = [f"--split={name}={articles}" for name, articles in splits.items()]
    assert run("data", "build", "bank.npz", "--out", "data", "--horizon", str(horizon), *named).exit_code == 0

    def evaluated(report: str, *flags: str) -> Report:
        result = run("eval", "control:ridge", "--report", report, *flags)
        assert result.exit_code in (0, 1), result.output
        return read_report(world / report)

    of_bank = evaluated("bank.json", "--horizon", str(horizon))
    of_folder = evaluated("folder.json", "--bank", "data")
    assert of_folder.evidence == of_bank.evidence
    assert of_folder.inputs.splits == of_bank.inputs.splits
    assert replace(of_folder.inputs.bank, source="") == replace(of_bank.inputs.bank, source="")
    assert of_folder.settings.horizon == of_bank.settings.horizon == horizon
    assert of_folder.judgement == of_bank.judgement


def test_an_evaluation_of_half_precision_differs_by_no_more_than_its_rounding(world: Path, run: Run) -> None:
    splits = ("--split", "train=0-5", "--split", "val=6-11", "--split", "ood=12-17")
    assert run("data", "build", "bank.npz", "--out", "data", "--dtype", "float16", *splits).exit_code == 0
    values = []
    for name, flags in (("bank", ()), ("folder", ("--bank", "data"))):
        assert run("eval", "control:ridge", "--report", f"{name}.json", *flags).exit_code in (0, 1)
        values.append(read_report(world / f"{name}.json").evidence.model["val"]["offset_sweep.cos"].value)
    assert values[0] == pytest.approx(values[1], abs=1e-3)


def test_a_data_set_of_a_bank_file_names_the_file_it_came_from(world: Path, run: Run) -> None:
    split = ("--split", "train=0.5")
    result = run("data", "build", "bank.npz", "--out", "data", "--licence", "CC0-1.0", *split)
    assert result.exit_code == 0
    digest = hashlib.sha256((world / "bank.npz").read_bytes()).hexdigest()
    assert open_dataset(world / "data").record.origin == Origin("bank.npz", digest, None, "CC0-1.0", None)
