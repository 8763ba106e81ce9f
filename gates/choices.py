"""Which of several candidates is chosen: a conditional logit, fitted by Newton's method in float64.

McFadden (1974), "Conditional logit analysis of qualitative choice behavior". Each window chooses its
target among the rows of a pool; a row's score is linear in a handful of numbers, so minus the
log-likelihood is convex and its penalised minimum is one point, wherever the search starts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gates.contracts import DoubleArray, FloatArray, IntArray

PENALTY = 1e-4
"""Of the squared numbers: it decides where several do equally well, and keeps them finite where
everything is told apart."""

_BLOCK = 16_384  # rivals weighed at once: they fit a processor's cache
_STEPS, _HALVINGS = 100, 60
_ENOUGH = 1e-12
"""Bits that another step would gain at most, to second order."""


@dataclass(frozen=True, eq=False)
class Choices:
    """Windows with the rivals of their targets, window after window.

    Attributes:
        leads: (T, P) of every rival, its features minus those of its window's target; the scores are
            ``leads @ numbers``, the target's own being 0.
        rivals: (m,) rivals of each window, at least 1; they sum to T.
    """

    leads: FloatArray
    rivals: IntArray

    def columns(self, chosen: Sequence[int]) -> "Choices":
        """The same windows with some of the features, in the order given."""
        return Choices(np.ascontiguousarray(self.leads[:, list(chosen)]), self.rivals)


@dataclass(frozen=True, eq=False)
class Fitted:
    """The numbers (P,) and what they cost: bits a window and penalty together."""

    numbers: DoubleArray
    cost: float


def fit_choices(choices: Choices, start: DoubleArray) -> Fitted:
    """Minimise ``mean of -log2 softmax(scores)[target] + PENALTY * |numbers|**2``.

    Args:
        choices: at least one window.
        start: (P,) where the search begins.
    """
    numbers = start.astype(np.float64)
    cost, slope, bend = _cost(choices, numbers)
    for _ in range(_STEPS):
        step = np.linalg.solve(bend, slope)
        if 0.5 * float(slope @ step) < _ENOUGH:
            numbers = numbers - step  # the last one doubles their digits and leaves the cost as it is
            break
        for halving in range(_HALVINGS):
            tried = numbers - 0.5**halving * step
            found = _cost(choices, tried)
            if found[0] < cost:
                break
        else:
            break  # no step is left that float64 can tell from none
        numbers, (cost, slope, bend) = tried, found
    return Fitted(numbers, cost)


def _cost(choices: Choices, numbers: DoubleArray) -> tuple[float, DoubleArray, DoubleArray]:
    """Cost, gradient (P,) and Hessian (P, P)."""
    size = len(numbers)
    cost, slope, bend = 0.0, np.zeros(size), np.zeros((size, size))
    ends = np.cumsum(choices.rivals)
    window = 0
    while window < len(ends):
        start = int(ends[window] - choices.rivals[window])
        until = max(window + 1, int(np.searchsorted(ends, start + _BLOCK, side="right")))
        leads = choices.leads[start : ends[until - 1]].astype(np.float64)
        rivals = choices.rivals[window:until]
        firsts = np.cumsum(rivals) - rivals
        scores = leads @ numbers
        # The largest of each window is taken out first, so that nothing overflows.
        top = np.maximum(np.maximum.reduceat(scores, firsts), 0.0)
        chance = np.exp(scores - np.repeat(top, rivals))
        total = np.add.reduceat(chance, firsts) + np.exp(-top)
        chance /= np.repeat(total, rivals)
        weighed = chance[:, None] * leads
        means = np.add.reduceat(weighed, firsts, axis=0)
        cost += float((np.log(total) + top).sum())
        slope += means.sum(axis=0)
        bend += leads.T @ weighed - means.T @ means
        window = until
    scale = 1.0 / (len(ends) * math.log(2.0))
    return (
        scale * cost + PENALTY * float(numbers @ numbers),
        scale * slope + 2.0 * PENALTY * numbers,
        scale * bend + 2.0 * PENALTY * np.eye(size),
    )
