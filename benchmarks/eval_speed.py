"""How fast is a full evaluation, and how far is it from the cost of its forward passes?

Evaluates the 17.9M-parameter ``transformer`` (D = 768, L = 5) on 1000 + 1000 windows with all gates
and all controls, and compares the time with

1. a straightforward reference in this file, which calls the model once per sample, ablation and
   rollout step and ranks one query at a time (timed on a subset, given per sample), and
2. the bare cost of the same number of predictions in batches.

Run: ``python benchmarks/eval_speed.py``. Times are wall-clock on an otherwise idle machine.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from gates.asking import weight_format
from gates.bank import build_bank
from gates.contracts import Bank, Dataset, IntArray, Queries, Window
from gates.options import Options
from gates.suite import measure, passes, prepare
from gates.windows import draw, make_dataset, window_rows
from schemas.records.metrics import OFFSETS, ROLLOUT_STEPS
from schemas.records.splits import EVALUATED
from trainers.registry import architecture

CONTEXT, WIDTH = 5, 768


class Timed:
    """A module as a predictor that adds up the time spent in its forward passes."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module.eval()
        self.name = "transformer"
        self.device = torch.device("cpu")
        self.weight_format = weight_format(module)
        self.reads_targets = False
        self.seconds = 0.0
        self.predictions = 0

    def predict(self, queries: Queries) -> torch.Tensor:
        """One timed forward pass."""
        started = time.perf_counter()
        answer: torch.Tensor = self.module(queries.contexts)
        self.seconds += time.perf_counter() - started
        self.predictions += len(answer)
        return answer


def make_data(articles: int, chunks: int, horizon: int) -> Dataset:
    """A seeded bank of random walks on the sphere, a third of the articles for each split."""
    rng = np.random.default_rng(0)
    steps = rng.standard_normal((articles, chunks, WIDTH))
    for chunk in range(1, chunks):
        steps[:, chunk] = 0.7 * steps[:, chunk - 1] + np.sqrt(1 - 0.49) * steps[:, chunk]
    bank = build_bank(
        steps.reshape(-1, WIDTH).astype(np.float32),
        np.repeat(np.arange(articles), chunks),
        np.tile(np.arange(chunks), articles),
        source="random walks",
    )
    splits = {
        name: window_rows(bank, np.arange(i, articles, 3), Window(CONTEXT, horizon))
        for i, name in enumerate(("train", *EVALUATED))
    }
    return make_dataset(bank, splits, Window(CONTEXT, horizon))


def reference(module: nn.Module, bank: Bank, last_rows: IntArray, horizon: int) -> list[float]:
    """All five gates the plain way, one sample and one model call at a time."""
    rng = np.random.default_rng(0)
    vectors = bank.vectors

    def ask(
        context: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        with torch.inference_mode():
            answer = module(torch.from_numpy(context)[None])[0].numpy()
        return np.asarray(answer / np.linalg.norm(answer), dtype=np.float32)

    collected: list[float] = []
    for last in last_rows.tolist():
        context, target = vectors[last - CONTEXT + 1 : last + 1], last + horizon
        base = ask(context)
        neighbours = [target + k for k in OFFSETS if 0 <= target + k < bank.rows]
        collected += [float(base @ vectors[row]) for row in neighbours]
        scores = vectors @ base
        collected.append(float((scores >= scores[target]).sum()))
        damaged = [
            context[rng.permutation(CONTEXT)],
            context[::-1].copy(),
            np.repeat(context[-1:], CONTEXT, 0),
        ]
        for i in range(CONTEXT):
            kept = np.delete(context, i, axis=0)
            damaged.append(np.concatenate([kept, kept[-1:]]))
        damaged.append(np.concatenate([context[:-1], vectors[rng.integers(bank.rows)][None]]))
        collected += [float(ask(one) @ vectors[target]) for one in damaged]
        rolled = list(context)
        for step in range(ROLLOUT_STEPS):
            answer = ask(np.stack(rolled[-CONTEXT:]))
            rolled.append(answer)
            if target + step < bank.rows:
                collected.append(float(answer @ vectors[target + step]))
    return collected


def timed(action: Callable[[], object]) -> float:
    """Seconds one call takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def main() -> None:
    """Print the times and their ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=1000, help="windows per split (default 1000)")
    parser.add_argument(
        "--reference-samples", type=int, default=100, help="windows the reference is timed on"
    )
    parser.add_argument("--horizon", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=256)
    arguments = parser.parse_args()

    torch.manual_seed(0)
    dataset = make_data(articles=180, chunks=69, horizon=arguments.horizon)
    plugin = architecture("transformer")
    module = plugin.build(plugin.default_config(dimension=WIDTH, context=CONTEXT)).eval()
    parameters = sum(p.numel() for p in module.parameters())
    options = Options(  # as an evaluation does by default: controls are not ranked in the whole bank
        max_samples=arguments.samples, batch_size=arguments.batch_size, search_controls=False
    )
    timed_model = Timed(module)

    bench = prepare(dataset, options, lambda count: None)  # warm-up: imports, thread pools, allocator
    measure(bench, timed_model, lambda count: None)
    timed_model.seconds, timed_model.predictions = 0.0, 0
    controls = timed(lambda: prepare(dataset, options, lambda count: None))
    own = timed(lambda: measure(bench, timed_model, lambda count: None))
    ours = controls + own

    batch = torch.randn(arguments.batch_size, CONTEXT, WIDTH)
    with torch.inference_mode():
        one_batch = min(timed(lambda: module(batch)) for _ in range(5))
    per_prediction = one_batch / arguments.batch_size
    bare = timed_model.predictions * per_prediction

    few = draw(dataset.splits["val"].last_rows, count=arguments.reference_samples, seed=0)
    theirs = timed(lambda: reference(module, dataset.bank, few, arguments.horizon)) / len(few)
    windows = 2 * arguments.samples

    print(f"model                {parameters:,} parameters, {torch.get_num_threads()} threads")
    print(f"bank                 {dataset.bank.rows} x {WIDTH}, horizon {arguments.horizon}")
    print(f"predictions          {timed_model.predictions} ({passes(dataset)} per window at most)")
    print(f"batched forward      {1e3 * per_prediction:.3f} ms a prediction")
    print(f"evaluation           {ours:.1f} s, {1e3 * ours / windows:.2f} ms a window, all controls included")
    print(f"  forward passes     {timed_model.seconds:.1f} s")
    print(f"  rest of the model  {own - timed_model.seconds:.1f} s: gates, ranks, intervals")
    print(f"  all controls       {controls:.1f} s, once for any number of models")
    print(f"forward passes alone {bare:.1f} s; evaluation / forward passes = {ours / bare:.2f}, ", end="")
    print(f"without controls {own / bare:.2f}")
    print(f"reference            {1e3 * theirs:.1f} ms a window (timed on {len(few)}), no controls")
    print(f"reference / ours     {theirs * windows / ours:.1f}, ", end="")
    print(f"without controls {theirs * windows / own:.1f}")


if __name__ == "__main__":
    main()
