"""One predictor on one split: batched model calls, checked and normalised predictions."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from gates.contracts import Bank, FloatArray, IntArray, Predictor, Queries
from gates.windows import context_rows
from schemas.errors import PredictionError

Progress = Callable[[int], None]
"""Told how many predictions were just made."""


@dataclass(frozen=True, eq=False)
class SplitRun:
    """Implements :class:`gates.contracts.Run`; ``base`` is filled by :func:`start_run`."""

    predictor: Predictor
    bank: Bank
    split: str
    context: int
    horizon: int
    seed: int
    batch_size: int
    last_rows: IntArray
    base: FloatArray
    progress: Progress

    @property
    def target_rows(self) -> IntArray:
        """(S,) bank row of each target."""
        return self.last_rows + self.horizon

    def predict_rows(self, context_rows: IntArray, target_rows: IntArray) -> FloatArray:
        """Unit predictions (m, D) from contexts made of bank rows (m, L)."""
        return predict(
            self.predictor,
            lambda part: self.bank.vectors[context_rows[part]],
            target_rows,
            width=self.bank.dimension,
            batch_size=self.batch_size,
            where=self.split,
            progress=self.progress,
        )

    def predict_contexts(self, contexts: FloatArray, target_rows: IntArray) -> FloatArray:
        """Unit predictions (m, D) from explicit contexts (m, L, D)."""
        return predict(
            self.predictor,
            lambda part: contexts[part],
            target_rows,
            width=self.bank.dimension,
            batch_size=self.batch_size,
            where=self.split,
            progress=self.progress,
        )


def start_run(
    predictor: Predictor,
    bank: Bank,
    split: str,
    last_rows: IntArray,
    *,
    context: int,
    horizon: int,
    seed: int,
    batch_size: int,
    progress: Progress,
) -> SplitRun:
    """Make the base predictions, once, for all gates."""
    rows = context_rows(last_rows, context)
    base = predict(
        predictor,
        lambda part: bank.vectors[rows[part]],
        last_rows + horizon,
        width=bank.dimension,
        batch_size=batch_size,
        where=split,
        progress=progress,
    )
    return SplitRun(predictor, bank, split, context, horizon, seed, batch_size, last_rows, base, progress)


def predict(
    predictor: Predictor,
    contexts: Callable[[slice], FloatArray],
    target_rows: IntArray,
    *,
    width: int,
    batch_size: int,
    where: str,
    progress: Progress,
) -> FloatArray:
    """Ask for all predictions in batches and normalise them.

    Args:
        predictor: who answers.
        contexts: gives the contexts (b, L, D) of a slice of the samples.
        target_rows: (m,) what is predicted.
        width: D, the width a prediction must have.
        batch_size: contexts per call.
        where: split name for messages.
        progress: told after every batch.

    Returns:
        (m, D) float32 unit rows.

    Raises:
        PredictionError: wrong shape, or NaN, infinite or zero predictions (how many and where).
    """
    out = np.empty((len(target_rows), width), dtype=np.float32)
    for start in range(0, len(target_rows), batch_size):
        part = slice(start, min(start + batch_size, len(target_rows)))
        batch = torch.from_numpy(np.ascontiguousarray(contexts(part))).to(predictor.device)
        with torch.inference_mode():
            answer = predictor.predict(Queries(batch, target_rows[part]))
        expected = (part.stop - part.start, width)
        if not isinstance(answer, torch.Tensor) or tuple(answer.shape) != expected:
            found = tuple(answer.shape) if isinstance(answer, torch.Tensor) else type(answer).__name__
            raise PredictionError(
                f"{predictor.name} must return predictions of shape {expected}; found {found}"
            )
        out[part] = answer.detach().to("cpu", torch.float32).numpy()
        progress(part.stop - part.start)
    return _unit(out, target_rows, predictor.name, where)


def _unit(predictions: FloatArray, target_rows: IntArray, name: str, where: str) -> FloatArray:
    finite = np.asarray(np.isfinite(predictions).all(axis=1))
    # Scaling by the largest entry first keeps very long or very short predictions from
    # overflowing or vanishing in the norm.
    largest: FloatArray = np.abs(predictions).max(axis=1)
    zero = finite & (largest == 0.0)
    for bad, what in ((~finite, "NaN or infinite"), (zero, "zero")):
        if bad.any():
            rows = ", ".join(str(row) for row in target_rows[bad][:5])
            raise PredictionError(
                f"{name}: {int(bad.sum())} of {len(bad)} predictions on {where} are {what}, first for "
                f"target rows {rows}; a model must return finite, non-zero vectors"
            )
    scaled: FloatArray = predictions / largest[:, None]
    scaled /= np.linalg.norm(scaled, axis=1, keepdims=True)
    return scaled
