"""How many windows a second does training take, against the plain loop people write?

The plain loop, in this file: a Dataset that copies item by item, a DataLoader with batches of 32,
fp32, a decoder that computes every position, AdamW as torch gives it, ``.item()`` after each step.
Ours: windows gathered from the bank, only the position that is read, fused AdamW, no read-back.
Both train the seed's 17.9M-parameter transformer (D = 768) with P6b's loss. The variants take turns,
round by round, so that a noisy machine slows all of them alike; the median round counts.

With ``--rows N`` it also opens a bank of N random rows with a train split of most of its windows and
says how long that takes and how much memory it needs beyond the bank itself.

Run: ``python benchmarks/train_speed.py [--rows 584545]`` on an otherwise idle machine.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from gates.bank import build_bank
from gates.contracts import Bank, Dataset, FloatArray, IntArray, Window
from gates.windows import make_dataset, window_rows
from trainers.architectures.transformer import Transformer
from trainers.loop.batches import WindowBatches
from trainers.loop.step import Stepper, wrap
from trainers.processes import Group
from trainers.recipes.losses import directional_margin_loss_smooth
from trainers.recipes.p6b import DirectionalObjective, P6bSettings
from trainers.registry import architecture

CONTEXT, HORIZON, WIDTH = 5, 2, 768
CPU = torch.device("cpu")

Steps = Callable[[int], int]
"""Takes that many steps and says how many windows they held."""


class Sequences(TorchDataset[tuple[torch.Tensor, torch.Tensor]]):
    """Windows copied out of the bank beforehand, as sequence files hold them."""

    def __init__(self, bank: Bank, rows: IntArray) -> None:
        self.contexts: FloatArray = np.stack(
            [bank.vectors[rows - CONTEXT + 1 + place] for place in range(CONTEXT)], axis=1
        )
        self.targets: FloatArray = bank.vectors[rows + HORIZON]

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, item: int) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.tensor(self.contexts[item]), torch.tensor(self.targets[item])


class EveryPosition(Transformer):
    """The same network, computing positions nobody reads."""

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        """(B, L, D) -> (B, D) of unit length."""
        mask = nn.Transformer.generate_square_subsequent_mask(contexts.shape[1])
        x = self.pos_encoder(self.input_proj(contexts))
        x = self.transformer_decoder(x, x, tgt_mask=mask, memory_mask=mask)
        return nn.functional.normalize(self.head(x[:, -1]), dim=-1)


def make_data(rows: int) -> Dataset:
    """Random unit rows in articles of about 69 chunks; the last 200 articles are left out of train."""
    rng = np.random.default_rng(0)
    vectors = np.empty((rows, WIDTH), dtype=np.float32)
    for start in range(0, rows, 65_536):
        part = vectors[start : start + 65_536]
        part[:] = rng.standard_normal(part.shape, dtype=np.float32)
    articles = np.sort(rng.integers(0, max(3, rows // 69), rows))
    first = np.searchsorted(articles, articles)
    bank = build_bank(vectors, articles, np.arange(rows) - first, source="random rows")
    train = window_rows(bank, np.arange(max(3, rows // 69) - 2), Window(CONTEXT, HORIZON))
    return make_dataset(bank, {"train": train}, Window(CONTEXT, HORIZON))


def plain_loop(data: Dataset, batch_size: int) -> Steps:
    """The loop people write."""
    config: dict[str, Any] = {**architecture("transformer").default_config(dimension=WIDTH, context=CONTEXT)}
    module = EveryPosition(**config).train()
    optimizer = torch.optim.AdamW(module.parameters(), lr=5e-4, weight_decay=0.01)
    sequences = Sequences(data.bank, data.splits["train"].last_rows)

    def batches() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        while True:
            yield from DataLoader(sequences, batch_size=batch_size, shuffle=True)

    source, losses = batches(), []

    def take(steps: int) -> int:
        count = 0
        for _ in range(steps):
            contexts, targets = next(source)
            predictions = module(contexts)
            mse = nn.functional.mse_loss(predictions, targets)
            push = directional_margin_loss_smooth(predictions, targets, contexts[:, -2], margin=0.02)
            weight = (mse.detach() * 0.1 / push.loss.detach()).clamp(1e-4, 5e-2)
            loss = mse + weight * push.loss
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()
            losses.append((loss.item(), push.pos.item(), push.neg.item(), push.gap.item(), weight.item()))
            count += len(contexts)
        return count

    return take


def our_loop(data: Dataset, settings: P6bSettings) -> Steps:
    """The loop of ``gatekeeper train p6b``."""
    plugin = architecture("transformer")
    module = plugin.build(plugin.default_config(dimension=WIDTH, context=CONTEXT)).train()
    batches = WindowBatches(data, "train", device=CPU, seed=0)
    example = batches.gather(batches.last_rows[:1]).inputs
    stepper = Stepper(wrap(module, settings, Group(), CPU, example), module, batches, Group(), settings)
    optimizer = torch.optim.AdamW(module.parameters(), lr=5e-4, weight_decay=0.01, fused=True)
    objective = DirectionalObjective(settings, data)
    objective.start_epoch(1)
    order, place = batches.order(1), 0

    def take(steps: int) -> int:
        nonlocal place
        for _ in range(steps):
            if place + settings.batch_size > len(order):
                place = 0
            stepper.take(order[place : place + settings.batch_size], optimizer, objective)
            place += settings.batch_size
        return steps * settings.batch_size

    return take


def compare(windows: int, rounds: int) -> None:
    """Print windows a second of each variant and its ratio to the plain loop."""
    data = make_data(20_000)
    variants: dict[str, Steps] = {
        "plain loop, batch 32, fp32": plain_loop(data, 32),
        "gatekeeper, batch 32, fp32": our_loop(data, P6bSettings()),
        "gatekeeper, batch 32, bf16": our_loop(data, P6bSettings(precision="bf16")),
        "gatekeeper, batch 256, fp32": our_loop(data, P6bSettings(batch_size=256)),
        "gatekeeper, batch 256, bf16": our_loop(data, P6bSettings(batch_size=256, precision="bf16")),
    }
    rates: dict[str, list[float]] = {name: [] for name in variants}
    for take in variants.values():
        take(2)
    for _ in range(rounds):
        for name, take in variants.items():
            size = 256 if "256" in name else 32
            started = time.perf_counter()
            count = take(-(-windows // size))
            rates[name].append(count / (time.perf_counter() - started))
    base = statistics.median(rates["plain loop, batch 32, fp32"])
    for name, found in rates.items():
        rate = statistics.median(found)
        print(
            f"{name:29s} {rate:7.0f} windows/s   {rate / base:4.2f} x plain   "
            f"(rounds {min(found):.0f} to {max(found):.0f})"
        )


def open_large(rows: int) -> None:
    """Print how long a large train set takes to open, and what it needs beyond its bank."""
    data = make_data(rows)
    bank_bytes = data.bank.vectors.nbytes
    before = _resident()
    started = time.perf_counter()
    split = window_rows(data.bank, np.unique(data.bank.articles)[:-2], Window(CONTEXT, HORIZON))
    dataset = make_dataset(data.bank, {"train": split}, Window(CONTEXT, HORIZON))
    batches = WindowBatches(dataset, "train", device=CPU, seed=0)
    order = batches.order(1)
    batches.gather(order[:32])
    opened = time.perf_counter() - started
    beyond = _resident() - before
    started = time.perf_counter()
    for step in range(1000):
        batches.gather(order[step * 32 : (step + 1) * 32])
    gathered = (time.perf_counter() - started) / 1000
    print(
        f"\n{rows} x {WIDTH} float32 ({bank_bytes / 2**20:.0f} MiB), {len(split)} train windows: split, "
        f"order and first batch in {opened:.2f} s,\n{beyond / 2**20:.0f} MiB beyond the bank; "
        f"a batch of 32 is gathered in {gathered * 1e6:.0f} µs"
    )


def _resident() -> int:
    """Bytes of memory in use, where the system tells (Linux); its peak elsewhere."""
    table = Path("/proc/self/statm")
    if table.exists():
        return int(table.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Parse the arguments and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--windows", type=int, default=512, help="windows a round and variant [512]")
    parser.add_argument("--rounds", type=int, default=5, help="rounds [5]")
    parser.add_argument("--rows", type=int, default=0, help="rows of a large bank to open [none]")
    arguments = parser.parse_args()
    parameters = architecture("transformer").build(
        architecture("transformer").default_config(dimension=WIDTH, context=CONTEXT)
    )
    count = sum(parameter.numel() for parameter in parameters.parameters())
    print(f"transformer, {count:,} parameters, {torch.get_num_threads()} threads")
    compare(arguments.windows, arguments.rounds)
    if arguments.rows:
        open_large(arguments.rows)


if __name__ == "__main__":
    main()
