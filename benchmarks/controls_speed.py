"""What do the fitted controls cost: the ridge, and the four beyond it, with and without a train split?

Fits them on seeded random walks on the sphere in articles of 69 chunks. The windows are drawn from twice as
many, so that neighbours are as rare as in a large data set. Repeats take turns, so that a noisy machine slows
all of them alike; the median counts.

Run: ``python benchmarks/controls_speed.py [--windows 20000] [--width 768]`` on an otherwise idle machine.
"""

import argparse
import statistics
import time

import numpy as np
import torch

from gates.bank import build_bank
from gates.contracts import Dataset, Window
from gates.fitted_controls import fit_controls
from gates.fitting_windows import RIDGE_WINDOWS, FittingWindows
from gates.windows import make_dataset, window_rows
from schemas.records.splits import EVALUATED, TRAIN

CHUNKS, SHAPE = 69, Window(5, 1)
SEED = 0


def make_data(windows: int, width: int, *, train: bool) -> Dataset:
    """A data set of which ``windows`` are drawn to fit on: half of train's, or of what is evaluated."""
    articles = -(-2 * windows // (CHUNKS - SHAPE.context - SHAPE.horizon + 1))
    rng = np.random.default_rng(SEED)
    total = articles + 2 * train
    steps = rng.standard_normal((total, CHUNKS, width), dtype=np.float32)
    for chunk in range(1, CHUNKS):
        steps[:, chunk] = 0.7 * steps[:, chunk - 1] + np.sqrt(np.float32(0.51)) * steps[:, chunk]
    bank = build_bank(
        steps.reshape(-1, width),
        np.repeat(np.arange(total), CHUNKS),
        np.tile(np.arange(CHUNKS), total),
        source="random walks",
    )
    of_split = (
        {TRAIN: range(articles), "val": [articles], "ood": [articles + 1]}
        if train
        else {"val": range(articles // 2), "ood": range(articles // 2, articles)}
    )
    splits = {name: window_rows(bank, np.array(chosen), SHAPE) for name, chosen in of_split.items()}
    return make_dataset(bank, splits, SHAPE)


def ridge_alone(dataset: Dataset) -> float:
    """Seconds for the ridge control: moments, the choice of its strength, and who answers."""
    started = time.perf_counter()
    windows = FittingWindows.of(dataset, EVALUATED, seed=SEED)
    for left_out in windows.left_out:
        windows.teach(left_out)
    return time.perf_counter() - started


def all_of_them(dataset: Dataset) -> float:
    """Seconds for all fitted controls."""
    started = time.perf_counter()
    fit_controls(dataset, EVALUATED, seed=SEED)
    return time.perf_counter() - started


def main() -> None:
    """Print a row with and one without a train split."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--windows", type=int, default=RIDGE_WINDOWS)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{arguments.windows} x {arguments.width}, {torch.get_num_threads()} threads, seconds")
    print(f"{'':20} {'ridge':>7} {'all':>7} {'beyond':>7}")
    for train in (True, False):
        all_of_them(make_data(200, 64, train=train))  # warm-up: thread pools, allocator
        dataset = make_data(arguments.windows, arguments.width, train=train)
        pairs = [(ridge_alone(dataset), all_of_them(dataset)) for _ in range(arguments.repeats)]
        ridge, everything = (statistics.median(each) for each in zip(*pairs, strict=True))
        beyond = statistics.median(both - alone for alone, both in pairs)
        title = "with a train split" if train else "without"
        print(f"{title:20} {ridge:7.1f} {everything:7.1f} {beyond:7.1f}", flush=True)


if __name__ == "__main__":
    main()
