"""Banks with every awkward feature, real speeches, and predictors that are not trivial."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pytest
import torch

from gatekeeper.data.formats.bundled import read_bundled
from gates.bank import build_bank
from gates.contracts import Bank, Dataset, Predictor, Queries, Window
from gates.options import Options
from gates.suite import Measurement, make_gates, run_gates
from gates.windows import make_dataset, window_rows
from schemas.records.answers import Format
from schemas.records.splits import EVALUATED

MakeDataset = Callable[..., Dataset]

OPTIONS = Options(batch_size=64, min_samples=1, min_articles=1)


def quiet(count: int) -> None:
    """No progress."""


def run_all(
    dataset: Dataset, model: Predictor, options: Options = OPTIONS, *, known: bool = False
) -> Measurement:
    """All gates on all windows of the splits that are compared."""
    rows = {name: dataset.splits[name].last_rows for name in EVALUATED}
    return run_gates(dataset, options, rows, make_gates(dataset, options), model, quiet, known=known)


def values(measured: Measurement) -> dict[tuple[str, str], float | None]:
    """(split, metric) -> point estimate."""
    return {(s, n): m.value for s, rows in measured.metrics.items() for n, m in rows.items()}


@dataclass(eq=False)
class Mixer:
    """A nonlinear map of the whole context; counts its calls and the predictions it made."""

    weight: torch.Tensor
    scale: float = 1.0
    name: str = "mixer"
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    weight_format: Format | None = None
    reads_targets: bool = False
    batches: list[int] = field(default_factory=list)

    def predict(self, queries: Queries) -> torch.Tensor:
        self.batches.append(len(queries.contexts))
        return self.scale * self.plain(queries.contexts)

    def plain(self, contexts: torch.Tensor) -> torch.Tensor:
        return torch.tanh(contexts.flatten(1) @ self.weight) + 0.5 * contexts[:, -1]


@dataclass(eq=False)
class Fixed:
    """Answers each batch with whatever ``answer`` says."""

    answer: Callable[[Queries], torch.Tensor]
    name: str = "fixed"
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    weight_format: Format | None = None
    reads_targets: bool = True

    def predict(self, queries: Queries) -> torch.Tensor:
        return self.answer(queries)


def awkward_bank(dimension: int = 12, seed: int = 0) -> Bank:
    """Eight articles of unequal length, a gap, a very short article and exact duplicates."""
    rng = np.random.default_rng(seed)
    vectors, articles, chunks = [], [], []
    for article, length in enumerate((30, 26, 22, 28, 3, 24, 25, 27)):
        numbers = [c for c in range(length + 1) if not (article == 2 and c == 9)][:length]
        drift = rng.standard_normal(dimension)
        vectors.append(drift + rng.standard_normal((length, dimension)))
        articles += [article] * length
        chunks += numbers
    matrix = np.concatenate(vectors)
    matrix[10] = matrix[11]  # neighbours in one article
    matrix[40] = matrix[100]  # across articles
    matrix[120] = matrix[130]  # one article, out of each other's context
    return build_bank(matrix, np.array(articles), np.array(chunks), source="awkward")


def awkward_data(*, context: int = 5, horizon: int = 1, bank: Bank | None = None) -> Dataset:
    """A data set over the awkward bank: val articles 0-3, ood 4-7."""
    chosen = bank or awkward_bank()
    rows = {
        name: window_rows(chosen, np.array(members), Window(context, horizon))
        for name, members in {"val": [0, 1, 2, 3], "ood": [4, 5, 6, 7]}.items()
    }
    return make_dataset(chosen, rows, Window(context, horizon))


@cache
def first_speeches() -> Bank:
    """The first 1,200 chunks of the bundled speeches, cut at an article's end."""
    bank = read_bundled().bank
    last = int(bank.article_first[1200])
    return build_bank(bank.vectors[:last], bank.articles[:last], bank.chunks[:last], source="speeches")


def mixer_for(dataset: Dataset, scale: float = 1.0) -> Mixer:
    """A seeded :class:`Mixer` for a data set."""
    generator = torch.Generator().manual_seed(1)
    width = dataset.bank.dimension
    weight = torch.randn(dataset.window.context * width, width, generator=generator) / dataset.window.context
    return Mixer(weight, scale)


@pytest.fixture(scope="session")
def make_data() -> MakeDataset:
    return awkward_data


@pytest.fixture(scope="session")
def speeches() -> Bank:
    return first_speeches()


@pytest.fixture(scope="session")
def make_mixer() -> Callable[..., Mixer]:
    return mixer_for
