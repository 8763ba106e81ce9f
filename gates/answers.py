"""One predictor on one split: batched model calls, checked and normalised predictions."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from gates.asking import SeenFormats, ask, row_lengths, unit_rows
from gates.contracts import (
    Bank,
    BoolArray,
    Dataset,
    DoubleArray,
    FloatArray,
    IntArray,
    Predictor,
    Window,
)
from gates.options import Options
from gates.order import dealt_block, interleave
from gates.windows import context_rows
from schemas.errors import PredictionError

Progress = Callable[[int], None]
"""Told how many predictions were just made."""


@dataclass(frozen=True, eq=False)
class SplitAnswers:
    """A :class:`gates.contracts.PredictorAnswers`; made by :func:`ask_split`."""

    predictor: Predictor
    dataset: Dataset
    split: str
    last_rows: IntArray
    options: Options
    progress: Progress
    base: FloatArray
    lengths: DoubleArray
    formats: SeenFormats = field(default_factory=SeenFormats)
    _dealt: dict[int, list[IntArray]] = field(default_factory=dict, repr=False)

    @property
    def bank(self) -> Bank:
        """Where the windows lie."""
        return self.dataset.bank

    @property
    def window(self) -> Window:
        """Their shape."""
        return self.dataset.window

    @property
    def seed(self) -> int:
        """Of everything a gate draws."""
        return self.options.seed

    @property
    def target_rows(self) -> IntArray:
        """(S,) bank row of each target."""
        return self.last_rows + self.window.horizon

    @property
    def reads_targets(self) -> bool:
        """Whether equal contexts with other targets may be answered otherwise."""
        return self.predictor.reads_targets

    def predict_rows(
        self, context_rows: IntArray, target_rows: IntArray, *, zeros: bool = False
    ) -> FloatArray:
        """Unit predictions (m, D) from contexts made of bank rows (m, L)."""
        return self._predict(context_rows, target_rows, zeros=zeros)

    def predict_contexts(
        self, contexts: FloatArray, target_rows: IntArray, *, zeros: bool = False
    ) -> FloatArray:
        """Unit predictions (m, D) from explicit contexts (m, L, D)."""
        return self._predict(contexts, target_rows, zeros=zeros)

    def batches(self, count: int) -> list[IntArray]:
        """How ``count`` windows are dealt to batches, in this and every other pass."""
        if count not in self._dealt:
            block = dealt_block(self.bank)
            self._dealt[count] = list(interleave(count, self.options.batch_size, seed=self.seed, block=block))
        return self._dealt[count]

    def ask_again(self, windows: IntArray) -> FloatArray:
        """Ask some windows (m,), by number, once more, as one batch.

        Returns:
            (m, D) unit rows; NaN where the answer is not finite, zero where it is zero.
        """
        last = self.last_rows[windows]
        rows = context_rows(last, self.window.context)
        return unit_rows(self._ask(rows, last + self.window.horizon))[0]

    def answer_all(self) -> "SplitAnswers":
        """These answers with the base predictions of all windows, and how long each was."""
        rows, lengths = context_rows(self.last_rows, self.window.context), np.empty(len(self.last_rows))
        base = self._predict(rows, self.target_rows, zeros=False, lengths=lengths)
        return replace(self, base=base, lengths=lengths)

    def _predict(
        self,
        contexts: IntArray | FloatArray,
        target_rows: IntArray,
        *,
        zeros: bool,
        lengths: DoubleArray | None = None,
    ) -> FloatArray:
        """From contexts (m, L, D), or (m, L) rows of the bank."""
        out = np.empty((len(target_rows), self.bank.dimension), dtype=np.float32)
        not_finite = np.zeros(len(target_rows), dtype=np.bool_)
        zero = np.zeros(len(target_rows), dtype=np.bool_)
        for part in self.batches(len(target_rows)):
            answer = self._ask(contexts[part], target_rows[part])
            out[part], not_finite[part], zero[part] = unit_rows(answer)
            if lengths is not None:
                lengths[part] = row_lengths(answer)
            self.progress(len(part))
        self._refuse(not_finite, "NaN or infinite", target_rows)
        if not zeros:
            self._refuse(zero, "zero", target_rows)
        return out

    def _ask(self, contexts: IntArray | FloatArray, target_rows: IntArray) -> torch.Tensor:
        if contexts.ndim == 2:
            rows = contexts.astype(np.int64, copy=False)
            # Indexing by numbers copies: a model that writes into its input writes into its own copy.
            answer = ask(self.predictor, np.ascontiguousarray(self.bank.vectors[rows]), target_rows, rows)
        else:
            vectors = np.ascontiguousarray(contexts, dtype=np.float32)
            answer = ask(self.predictor, vectors, target_rows)
        self.formats.see(answer)
        return answer

    def _refuse(self, bad: BoolArray, what: str, target_rows: IntArray) -> None:
        if bad.any():
            rows = ", ".join(str(row) for row in target_rows[bad][:5])
            raise PredictionError(
                f"{self.predictor.name}: {int(bad.sum())} of {len(bad)} predictions on {self.split} are "
                f"{what}, first for target rows {rows}; a model must return finite, non-zero vectors"
            )


def ask_split(
    predictor: Predictor,
    dataset: Dataset,
    split: str,
    last_rows: IntArray,
    options: Options,
    progress: Progress,
) -> SplitAnswers:
    """Make the base predictions, once, for all gates.

    Args:
        predictor: who answers.
        dataset: where the windows lie, and their shape.
        split: its name.
        last_rows: (S,) the windows that are asked.
        options: seed and size of a batch.
        progress: told of every batch.

    Raises:
        PredictionError: wrong shape or kind, or NaN, infinite or zero predictions (how many and where).
    """
    none, unmeasured = np.empty((0, dataset.bank.dimension), dtype=np.float32), np.empty(0)
    return SplitAnswers(
        predictor, dataset, split, last_rows, options, progress, none, unmeasured
    ).answer_all()
