"""``gatekeeper data convert``: what it says, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest

from gatekeeper.data.formats.bank import read_bank_file
from gates.contracts import Window
from gates.windows import window_rows
from tests.gatekeeper.cli.data_sets import Run
from tests.gatekeeper.cli.refusals import refused
from tests.gatekeeper.data.formats.sequence_files import save


@pytest.fixture
def old_files(world: Path) -> Path:
    """Sequence files of two splits, made from the world's bank."""
    bank = read_bank_file(world / "bank.npz").bank
    for name, articles in (("val", range(6, 12)), ("ood", range(12, 18))):
        rows = window_rows(bank, np.array(articles), Window(5, 1))
        save(world / f"{name}.npz", bank, rows, horizon=1, style="plain")
    return world


def test_it_says_what_it_wrote_and_the_data_set_is_one(old_files: Path, run: Run) -> None:
    words = ("val=val.npz", "ood=ood.npz", "--bank", "bank.npz", "--out", "data")
    result = run("data", "convert", *words)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "what is no window is listed in data/unmatched.csv" in result.stdout.splitlines()
    assert run("data", "info", "data").exit_code == 0
    again = run("data", "convert", *words)
    assert again.exit_code == 2
    assert run("data", "convert", *words, "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (("val.npz",), "'val.npz': expected NAME=FILE with NAME among train, select, val, ood"),
        (("test=val.npz",), "'test=val.npz': expected NAME=FILE with NAME among train, select, val, ood"),
        (("val=",), "'val=': expected NAME=FILE with NAME among train, select, val, ood"),
        (("val=val.npz", "val=ood.npz"), "val is named twice; one file a split"),
    ],
)
def test_files_that_name_no_split_are_refused(
    files: tuple[str, ...], words: str, old_files: Path, run: Run
) -> None:
    result = run("data", "convert", *files, "--bank", "bank.npz", "--out", "data")
    assert refused(result, 2) == f"Error: {words}"
    assert not Path("data").exists()
