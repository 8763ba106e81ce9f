"""The windows that controls are fitted on, in folds of articles, and what any of the folds teach.

They are those of the train split, or, where there is none, those that are evaluated: an article is then
answered by what the articles of other folds taught.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import torch

from gates.centre import mean_row
from gates.contracts import Dataset, IntArray
from gates.fold_moments import FoldMoments, Taught
from gates.logit import whitening
from gates.ridge import cross_fit_folds, gather_training, holdout_articles
from gates.windows import draw
from schemas.records.splits import TRAIN

RIDGE_WINDOWS = 20_000
"""At most this many seeded windows are used to fit the ridge control."""

RIDGE_STRENGTHS = (1e-3, 1e-2, 1e-1)
"""Candidates for the control; weaker ones matter only with more windows than it uses."""

_FOLDS = 5
"""Of all articles where there is no train split; with one, a fifth of train's chooses the strength."""

_OTHERS = 2
"""Folds of the rest of train. Each takes a ridge solution of its own, and with four of them what is fitted
differs by less than a thousandth of a bit on real speeches and books."""

RidgeSource = Literal["train split", "cross-fitted by article"]


@dataclass(frozen=True, eq=False)
class FittingWindows:
    """Windows to learn from, and who answers which article.

    Attributes:
        dataset: where they lie.
        rows: (n,) ascending last rows. fold: (n,) of each.
        moments: of them all.
        strength: of the ridge.
        centre: (D,) mean row of train; None where each answerer has its own.
        source: what they are.
        left_out: the folds that each answerer never sees, an answerer after the other.
        answerer: (N,) of each bank row's article.
    """

    dataset: Dataset
    rows: IntArray
    fold: IntArray
    moments: FoldMoments
    strength: float
    centre: torch.Tensor | None
    source: RidgeSource
    left_out: tuple[tuple[int, ...], ...]
    answerer: IntArray
    _taught: dict[frozenset[int], Taught | None] = field(default_factory=dict, init=False, repr=False)
    _whitened: dict[tuple[frozenset[int], float], torch.Tensor] = field(
        default_factory=dict, init=False, repr=False
    )

    @classmethod
    def of(cls, dataset: Dataset, evaluated: tuple[str, ...], *, seed: int) -> "FittingWindows":
        """Draw the windows and choose the strength of the ridge.

        Args:
            dataset: with or without a train split.
            evaluated: splits that are measured; only where there is no train split they are learned from.
            seed: of the draw and the folds.

        Raises:
            DataError: the windows are of one article only.
        """
        if TRAIN in dataset.splits and TRAIN not in evaluated:
            return cls._of_train(dataset, seed)
        return cls._of_evaluated(dataset, evaluated, seed)

    @classmethod
    def _of_train(cls, dataset: Dataset, seed: int) -> "FittingWindows":
        """Train's windows in three folds: the first is the articles that choose the strength."""
        rows = draw(dataset.splits[TRAIN].last_rows, count=RIDGE_WINDOWS, seed=seed)
        articles = dataset.bank.articles[rows]
        held = holdout_articles(articles, fraction=1.0 / _FOLDS, seed=seed)
        fold = np.zeros(len(rows), dtype=np.int64)
        fold[~held] = 1 + cross_fit_folds(articles[~held], folds=_OTHERS, seed=seed)
        moments = _moments(dataset, rows, fold)
        strength = moments.choose(RIDGE_STRENGTHS, scored=(0,))
        centre = torch.from_numpy(mean_row(dataset))
        everybody = np.zeros(dataset.bank.rows, dtype=np.int64)
        return cls(dataset, rows, fold, moments, strength, centre, "train split", ((),), everybody)

    @classmethod
    def _of_evaluated(cls, dataset: Dataset, evaluated: tuple[str, ...], seed: int) -> "FittingWindows":
        pooled = np.concatenate([dataset.splits[name].last_rows for name in evaluated])
        rows = draw(pooled, count=RIDGE_WINDOWS, seed=seed)
        fold_of_row = cross_fit_folds(dataset.bank.articles, folds=_FOLDS, seed=seed)
        fold = fold_of_row[rows]
        moments = _moments(dataset, rows, fold)
        strength = moments.choose(RIDGE_STRENGTHS, scored=range(_FOLDS))
        left_out = tuple((k,) for k in range(_FOLDS))
        source: RidgeSource = "cross-fitted by article"
        return cls(dataset, rows, fold, moments, strength, None, source, left_out, fold_of_row)

    def teach(self, left_out: Iterable[int]) -> Taught | None:
        """What the windows outside some folds teach; None where there are none."""
        away = frozenset(left_out)
        if away not in self._taught:
            taught = self.moments.teach(away, self.strength)
            if taught is not None and self.centre is not None:
                taught = replace(taught, centre=self.centre)
            self._taught[away] = taught
        return self._taught[away]

    def whiten(self, left_out: Iterable[int], shrinkage: float) -> torch.Tensor:
        """R (D, D) float64 of the targets outside some folds, of which there are some."""
        key = frozenset(left_out), shrinkage
        if key not in self._whitened:
            taught = self.teach(key[0])
            assert taught is not None
            self._whitened[key] = whitening(taught.covariance, shrinkage)
        return self._whitened[key]


def _moments(dataset: Dataset, rows: IntArray, fold: IntArray) -> FoldMoments:
    """Gathered fold by fold, so that no window is copied twice."""
    order = np.argsort(fold, kind="stable")
    contexts, targets = gather_training(dataset.bank, rows[order], dataset.window)
    return FoldMoments.of(contexts, targets, fold[order])
