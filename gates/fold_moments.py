"""Windows by folds of articles: what the articles outside some folds teach of them.

Whatever is fitted for a control is asked of articles that it never saw. Second moments add up, so those
of any set of folds come from those of each fold, and a window is multiplied out once however many sets
are asked for.
"""

import functools
import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from gates.contracts import FloatArray, IntArray
from gates.ridge import Moments
from schemas.errors import DataError


@dataclass(frozen=True, eq=False)
class Taught:
    """What some articles teach.

    Attributes:
        weight: (L * D, D) of the ridge solution from the flattened context. bias: (D,).
        centre: (D,) float64 mean target.
        covariance: (D, D) float64 of the targets.
    """

    weight: torch.Tensor
    bias: torch.Tensor
    centre: torch.Tensor
    covariance: torch.Tensor


@dataclass(frozen=True, eq=False)
class FoldMoments:
    """Second moments of windows, fold by fold.

    Attributes:
        windows: fold -> its flattened contexts (n, L * D) and targets (n, D); only folds that have windows.
        parts: fold -> moments.
        squares: fold -> (D, D) sum of the outer products of its targets.
    """

    windows: dict[int, tuple[torch.Tensor, torch.Tensor]]
    parts: dict[int, Moments]
    squares: dict[int, torch.Tensor]
    _solved: dict[tuple[frozenset[int], float], tuple[torch.Tensor, torch.Tensor]] = field(
        default_factory=dict, init=False, repr=False
    )

    @classmethod
    def of(cls, contexts: FloatArray, targets: FloatArray, fold: IntArray) -> "FoldMoments":
        """Moments of windows; those that come fold by fold are not copied.

        Args:
            contexts: (n, L * D).
            targets: (n, D).
            fold: (n,) from 0, all windows of an article in one fold.

        Raises:
            DataError: all windows lie in one fold, so none has others to learn from.
        """
        order = np.argsort(fold, kind="stable")
        if (np.diff(order) < 0).any():
            contexts, targets, fold = contexts[order], targets[order], fold[order]
        used, starts = np.unique(fold, return_index=True)
        if len(used) < 2:
            raise DataError("cross-fitting the ridge control needs windows of at least 2 articles; found 1")
        ends = [*starts[1:].tolist(), len(fold)]
        windows = {
            k: (torch.from_numpy(contexts[start:end]), torch.from_numpy(targets[start:end]))
            for k, start, end in zip(used.tolist(), starts.tolist(), ends, strict=True)
        }
        parts = {k: Moments.of(x, y) for k, (x, y) in windows.items()}
        return cls(windows, parts, {k: y.T @ y for k, (_, y) in windows.items()})

    def solve(self, left_out: Iterable[int], strength: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Weight (L * D, D) and bias (D,) of the ridge solution on the windows outside some folds.

        Raises:
            DataError: the strength is too weak for these windows.
        """
        key = frozenset(left_out), strength
        if key not in self._solved:
            self._solved[key] = self._outside(key[0]).solve(strength)
        return self._solved[key]

    def choose(self, strengths: Sequence[float], *, scored: Iterable[int]) -> float:
        """The strength with the best cosine on the windows of some folds, each answered by the others.

        Choosing among a handful on windows that are scored can only flatter the baseline. The solutions
        of the other strengths are forgotten.

        Args:
            strengths: candidates, each > 0.
            scored: the folds that choose.
        """
        folds = [k for k in scored if k in self.parts]
        best, most = strengths[0], -math.inf
        for strength in strengths:
            total = sum(self._cosines(k, strength) for k in folds)
            if total > most:
                best, most = strength, total
        for key in [key for key in self._solved if key[1] != best]:
            del self._solved[key]
        return best

    def teach(self, left_out: Iterable[int], strength: float) -> Taught | None:
        """What the windows outside some folds teach; None where there are none."""
        away = frozenset(left_out)
        others = [k for k in self.parts if k not in away]
        if not others:
            return None
        weight, bias = self.solve(away, strength)
        count = sum(self.parts[k].n for k in others)
        centre = functools.reduce(operator.add, (self.parts[k].y_sum for k in others)) / count
        squares = functools.reduce(operator.add, (self.squares[k].double() for k in others))
        return Taught(weight, bias, centre, squares / count - torch.outer(centre, centre))

    def _outside(self, folds: frozenset[int]) -> Moments:
        return Moments.union([part for k, part in self.parts.items() if k not in folds])

    def _cosines(self, fold: int, strength: float) -> float:
        x, y = self.windows[fold]
        weight, bias = self.solve((fold,), strength)
        return float(torch.nn.functional.cosine_similarity(x @ weight + bias, y).sum())
