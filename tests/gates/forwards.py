"""Forward functions as models, measured on noise: nobody can know the next chunk but from somewhere else."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from gates.bank import build_bank
from gates.contracts import Dataset, Queries, Window
from gates.options import Options
from gates.suite import Measurement
from gates.windows import make_dataset, window_rows
from schemas.records.answers import Format
from tests.gates.conftest import run_all

WIDTH, CHUNKS, ARTICLES = 16, 24, 12
Forward = Callable[[torch.Tensor], torch.Tensor]


@dataclass(eq=False)
class Model:
    """A forward function that sees contexts only."""

    forward: Forward
    weight_format: Format | None = "float32"
    reads_targets: bool = False
    name: str = "model"
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def predict(self, queries: Queries) -> torch.Tensor:
        return self.forward(queries.contexts)


def noise(horizon: int = 1) -> Dataset:
    """Independent chunks: nobody can know the next one but from somewhere else."""
    rows = np.random.default_rng(3).standard_normal((ARTICLES * CHUNKS, WIDTH))
    bank = build_bank(
        rows, np.repeat(np.arange(ARTICLES), CHUNKS), np.tile(np.arange(CHUNKS), ARTICLES), source="noise"
    )
    window = Window(5, horizon)
    splits = {
        name: window_rows(bank, members, window)
        for name, members in {"val": np.arange(6), "ood": np.arange(6, 12)}.items()
    }
    return make_dataset(bank, splits, window)


DATASET = noise()


def run(
    forward: Forward,
    dataset: Dataset = DATASET,
    *,
    batch: int = 32,
    weights: Format | None = "float32",
    known: bool = False,
) -> Measurement:
    """All gates on all windows."""
    options = Options(batch_size=batch, min_samples=1, min_articles=1)
    return run_all(dataset, Model(forward, weights), options, known=known)


def plain(x: torch.Tensor) -> torch.Tensor:
    return x[:, -1] + 0.3 * x[:, 0].flip(1)
