"""Cosines between unit rows, gathered in blocks so that memory stays small."""

import numpy as np

from gates.contracts import Bank, DoubleArray, FloatArray, IntArray

_BLOCK = 8_192


def cosine_to_rows(predictions: FloatArray, bank: Bank, rows: IntArray) -> DoubleArray:
    """Cosine of unit predictions (m, D) to one bank row each (m,); float64 (m,) in [-1, 1]."""
    cosines = np.empty(len(rows), dtype=np.float64)
    for start in range(0, len(rows), _BLOCK):
        part = slice(start, start + _BLOCK)
        cosines[part] = np.einsum("nd,nd->n", predictions[part], bank.vectors[rows[part]])
    return np.clip(cosines, -1.0, 1.0)


def coherence(bank: Bank, context_rows: IntArray) -> DoubleArray:
    """Mean cosine of adjacent chunks in each context (m, L); float64 (m,), 1.0 for L = 1.

    A context of one chunk has no neighbours and counts as perfectly coherent.
    """
    steps = context_rows.shape[1] - 1
    if steps == 0:
        return np.ones(len(context_rows), dtype=np.float64)
    total = np.zeros(len(context_rows), dtype=np.float64)
    for step in range(steps):
        total += cosine_to_rows(bank.vectors[context_rows[:, step]], bank, context_rows[:, step + 1])
    total /= steps
    return total


def without_extremes(rows: DoubleArray) -> tuple[DoubleArray, IntArray]:
    """Rows whose squares would overflow or vanish, brought near 1 by powers of two; others as they are.

    Args:
        rows: (n, D) finite float64.

    Returns:
        (n, D) scaled rows, and (n,) exponents e with rows = scaled * 2**e.
    """
    largest = np.abs(rows).max(axis=1)
    extreme = (largest > 0.0) & ((largest > 1e100) | (largest < 1e-100))
    exponents = np.where(extreme, np.frexp(largest)[1], 0).astype(np.int64)
    return np.ldexp(rows, -exponents[:, None]) if extreme.any() else rows, exponents
