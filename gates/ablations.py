"""Gate C: how much does the prediction suffer when its context is damaged?

Every damaged context is again a choice of bank rows, so an ablation is a map from (S, L) row
numbers to (S, L) row numbers and costs one batched prediction.
"""

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from gates.contracts import (
    Bank,
    BoolArray,
    DoubleArray,
    FloatArray,
    IntArray,
    PredictorAnswers,
    Samples,
    Values,
)
from gates.geometry import cosine_to_rows
from gates.intervals import summarise
from gates.seeded import hash_rows
from gates.windows import context_rows
from schemas.errors import EvaluationError
from schemas.records.evidence import Metric
from schemas.records.metrics import ABLATIONS


class Ablations:
    """``change`` (S, 5): cos(prediction, target) with the damaged context minus with the true one."""

    name = "ablations"

    def measure(self, answers: PredictorAnswers) -> Samples:
        """Predict again from every damaged context."""
        rows, targets = context_rows(answers.last_rows, answers.window.context), answers.target_rows
        base = cosine_to_rows(answers.base, answers.bank, targets)

        def change(predicted: FloatArray) -> DoubleArray:
            return cosine_to_rows(predicted, answers.bank, targets) - base

        left_out = np.mean([change(predicted) for predicted in _without_each(answers, rows)], axis=0)
        single: dict[str, Callable[[], IntArray]] = {
            "shuffle": lambda: shuffle(rows, seed=answers.seed),
            "reverse": lambda: reverse(rows),
            "repeat_last": lambda: repeat_last(rows),
            "cross_article": lambda: cross_article(rows, answers.bank, seed=answers.seed),
        }
        columns = [
            left_out if name == "leave_one_out" else change(answers.predict_rows(single[name](), targets))
            for name in ABLATIONS
        ]
        return Samples(
            index=np.arange(len(targets)),
            articles=answers.bank.articles[targets],
            arrays={"change": np.stack(columns, axis=1)},
        )

    def values(self, samples: Samples) -> dict[str, Values]:
        """Change per ablation, in [-2, 2]; negative means the damage hurts."""
        change = samples.arrays["change"]
        return {
            f"{self.name}.{name}": Values("mean", change[:, i], samples.articles)
            for i, name in enumerate(ABLATIONS)
        }

    def score(self, samples: Samples, confidence: float) -> dict[str, Metric]:
        """Mean change per ablation."""
        return summarise(self.values(samples), confidence)


def _without_each(answers: PredictorAnswers, rows: IntArray) -> Iterator[FloatArray]:
    """Predictions (S, D) without each chunk of the contexts (S, L) in turn, the first chunk first.

    Without its last chunk a window is the window before it without its first. Where that one was
    sampled too, its answer is used again, unless the predictor looks at targets.
    """
    targets = answers.target_rows
    first = answers.predict_rows(leave_one_out(rows, 0), targets)
    yield first
    for position in range(1, answers.window.context - 1):
        yield answers.predict_rows(leave_one_out(rows, position), targets)
    if answers.window.context > 1:
        before, known = _windows_before(answers.last_rows)
        asked = np.arange(len(rows)) if answers.reads_targets else np.flatnonzero(~known)
        predicted = first[before]
        predicted[asked] = answers.predict_rows(
            leave_one_out(rows[asked], answers.window.context - 1), targets[asked]
        )
        yield predicted


def _windows_before(last_rows: IntArray) -> tuple[IntArray, BoolArray]:
    """For each window (S,) the number of the one that ends a row earlier, and whether there is one."""
    order = np.argsort(last_rows, kind="stable")
    before = order[np.searchsorted(last_rows, last_rows - 1, sorter=order)]
    return before, np.asarray(last_rows[before] == last_rows - 1)


def shuffle(rows: IntArray, *, seed: int) -> IntArray:
    """Permute each context (S, L) by its own seeded permutation, never the identity.

    Drawn uniformly among the L! - 1 others for L up to 7; longer contexts, where the identity has
    less than one chance in 40,000, are sorted by hashed keys.
    """
    length = rows.shape[1]
    if length == 1:
        return rows.copy()
    last = rows[:, -1]
    if length <= 7:
        orders = np.array(list(itertools.permutations(range(length))))[1:]
        pick = hash_rows(last, seed=seed, stream="shuffle") % np.uint64(len(orders))
        order = orders[pick.astype(np.int64)]
    else:
        keys = [hash_rows(last, seed=seed, stream=f"shuffle-{i}") for i in range(length)]
        order = np.argsort(np.stack(keys, axis=1), axis=1, kind="stable")
    return np.take_along_axis(rows, order, axis=1)


def reverse(rows: IntArray) -> IntArray:
    """Oldest chunk last."""
    return rows[:, ::-1].copy()


def leave_one_out(rows: IntArray, position: int) -> IntArray:
    """Drop one position and repeat the last remaining chunk, so that the length stays L.

    A context of one chunk has nothing left to repeat and stays as it is.
    """
    if rows.shape[1] == 1:
        return rows.copy()
    kept = np.delete(rows, position, axis=1)
    return np.concatenate([kept, kept[:, -1:]], axis=1)


def repeat_last(rows: IntArray) -> IntArray:
    """The last chunk at every position."""
    return np.repeat(rows[:, -1:], rows.shape[1], axis=1)


def cross_article(rows: IntArray, bank: Bank, *, seed: int) -> IntArray:
    """Replace the last chunk by a seeded random chunk of another article.

    Raises:
        EvaluationError: the bank holds a single article.
    """
    last = rows[:, -1]
    first = bank.article_first[last]
    size = bank.article_last[last] - first + 1
    others = bank.rows - size
    if (others < 1).any():
        raise EvaluationError("the cross_article ablation needs a bank of at least 2 articles; found 1")
    draw = (hash_rows(last, seed=seed, stream="cross_article") % others.astype(np.uint64)).astype(np.int64)
    # The rows of other articles, renumbered without the gap that the own article leaves.
    stranger = np.where(draw < first, draw, draw + size)
    return np.concatenate([rows[:, :-1], stranger[:, None]], axis=1)
