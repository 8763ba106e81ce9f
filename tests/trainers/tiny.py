"""Three short articles, all their windows as one batch, and what recipes compute one window at a time."""

import io
import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

from gates.bank import build_bank
from gates.contracts import Bank, Dataset, Window
from gates.windows import make_dataset, window_rows
from trainers.loop.batches import Batch, WindowBatches

Floats = npt.NDArray[np.float64]

WIDTH = 6


def make_bank() -> Bank:
    """Three articles; the second misses its chunk 9, so that no run crosses it."""
    numbers = [range(12), [c for c in range(20) if c != 9], range(8)]
    chunks = np.concatenate([np.array(list(part)) for part in numbers])
    articles = np.repeat(np.arange(3), [len(part) for part in numbers])
    vectors = np.random.default_rng(0).standard_normal((len(chunks), WIDTH)) + 0.3
    return build_bank(vectors, articles, chunks, source="tiny")


BANK = make_bank()
PLACES = {
    place: row for row, place in enumerate(zip(BANK.articles.tolist(), BANK.chunks.tolist(), strict=True))
}


def data(horizon: int = 2, context: int = 4) -> Dataset:
    rows = window_rows(BANK, None, Window(context, horizon))
    return make_dataset(BANK, {"train": rows}, Window(context, horizon))


def load(dataset: Dataset) -> tuple[WindowBatches, Batch, torch.Tensor]:
    """All windows as one batch, and seeded predictions of any length."""
    batches = WindowBatches(dataset, "train", device=torch.device("cpu"), seed=0)
    batch = batches.gather(batches.last_rows)
    predictions = torch.from_numpy(
        np.random.default_rng(1).standard_normal((len(batches.last_rows), WIDTH)).astype(np.float32)
    )
    return batches, batch, predictions.requires_grad_()


def find(last_row: int, steps: int) -> int | None:
    """The bank row ``steps`` chunks after a window's last one; None where a chunk on the way is missing."""
    article, chunk = int(BANK.articles[last_row]), int(BANK.chunks[last_row])
    on_the_way = range(chunk, chunk + steps + (1 if steps >= 0 else -1), 1 if steps >= 0 else -1)
    found = [PLACES.get((article, number)) for number in on_the_way]
    return None if None in found else found[-1]


def cosine(one: Floats, other: Floats) -> float:
    return float(one @ other / math.sqrt((one @ one) * (other @ other)))


def pairs(dataset: Dataset, predictions: torch.Tensor, k: int) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Prediction, target and the chunk k places from it, window by window, where all three exist."""
    for prediction, last_row in zip(predictions, dataset.splits["train"].last_rows.tolist(), strict=True):
        target = find(last_row, dataset.window.horizon)
        assert target is not None
        other = find(target, k)
        if other is not None:
            yield (
                prediction.detach().numpy().astype(np.float64),
                BANK.vectors[target].astype(np.float64),
                BANK.vectors[other].astype(np.float64),
            )


def naive_mse(dataset: Dataset, predictions: torch.Tensor) -> float:
    return float(np.mean([((p - t) ** 2).mean() for p, t, _ in pairs(dataset, predictions, 0)]))


def number(value: torch.Tensor) -> float:
    return float(value.detach())


def through_a_file(state: dict[str, object]) -> dict[str, object]:
    """Only plain values and tensors survive."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    back: dict[str, object] = torch.load(file, weights_only=True)
    return back
