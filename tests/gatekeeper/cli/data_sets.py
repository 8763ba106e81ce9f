"""What the tests of the data commands share: banks, flags, and refusals."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click.testing
import numpy as np

Run = Callable[..., click.testing.Result]
Arrays = dict[str, Any]

ARTICLES = ("--split", "train=0-5", "--split", "val=6-11", "--split", "ood=12-17")
BUILD = ("data", "build", "bank.npz", "--out", "data")
USAGE = "Try 'cli data"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def rewrite(path: Path, change: Callable[[Arrays], object]) -> None:
    """Change the arrays of a bank file."""
    with np.load(path) as file:
        arrays = dict(file)
    change(arrays)
    np.savez(path, **arrays)
