"""A fingerprint: what a module answers to a fixed probe.

Two classes can have the same state-dict keys and shapes and still compute different things (a mask
left out, another activation). The answer to a probe, stored with the weights, tells them apart.
"""

import numpy as np
import torch
from torch import nn

from gates.asking import ordinary
from gates.seeded import hash_rows

SEED = 0
CONTEXTS = 4

TOLERANCE = 1e-4
"""Largest difference allowed, relative to the largest stored entry: float32 on another machine,
thread count or version of torch differs by about 1e-6, a look-alike class by about 1."""


def probe(context: int, dimension: int) -> torch.Tensor:
    """Four contexts of unit rows (4, L, D), the same on every machine and version."""
    numbers = np.arange(CONTEXTS * context * dimension, dtype=np.int64)
    uniform = hash_rows(numbers, seed=SEED, stream="probe").astype(np.float64) / 2.0**63 - 1.0
    rows = uniform.reshape(CONTEXTS, context, dimension)
    return torch.from_numpy((rows / np.linalg.norm(rows, axis=2, keepdims=True)).astype(np.float32))


def answer(module: nn.Module, context: int, dimension: int) -> torch.Tensor:
    """The module's answer (4, D) to the probe on the CPU, in evaluation mode as float32.

    Raises:
        PredictionError: the answer is no ordinary tensor of real numbers.
    """
    training = module.training
    module.eval()
    with torch.inference_mode():
        found = ordinary(module(probe(context, dimension)), type(module).__name__)
    module.train(training)
    return found.float().clone()


def agrees(stored: torch.Tensor, found: torch.Tensor) -> bool:
    """Whether two answers are the same up to float32 rounding; NaN never agrees."""
    if stored.shape != found.shape:
        return False
    limit = TOLERANCE * float(stored.abs().max())
    return bool(((stored - found).abs() <= limit).all())
