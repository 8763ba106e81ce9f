"""Controls that are fitted: what a matrix, or a handful of numbers, can know of the next chunk.

ridge              closed-form linear regression from the flattened context
ridge_centred      the same minus the mean row
copy_last_centred  the last chunk minus the mean row
copy_mix           the best weighted copy: the centred rows of the context, L numbers
logit              copy_mix, the same whitened, and the ridge prediction: 2 L + 2 numbers (gates/logit.py)

All are fitted on the train split. Without one they are cross-fitted over what is evaluated: an article is
answered by numbers, ridge solution, mean row and whitening that never saw it, the mean row being the mean
target of the windows that taught them.

The numbers are those that tell targets from their rivals best (gates/choices.py), on at most
:data:`CHOICE_WINDOWS` windows, each read with what articles of other folds teach: where a matrix has seen the
answers it is asked for, it is trusted too much. Where nothing can be fitted, as with two articles and no
train split or targets without rivals, the numbers stay where the search starts: ten times the last chunk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch

from gates.centre import mean_row
from gates.choices import Choices, Fitted, fit_choices
from gates.contracts import Dataset, DoubleArray, IntArray, Predictor
from gates.copy_features import Reader, copy_columns, gather_choices, logit_columns
from gates.fold_moments import FoldMoments, Taught
from gates.linear_maps import LinearMaps
from gates.logit import logit_map, whitening
from gates.ridge import cross_fit_folds, gather_training, holdout_articles
from gates.weighted_copies import WeightedCopy
from gates.windows import draw
from schemas.records.splits import TRAIN

RIDGE_WINDOWS = 20_000
"""At most this many seeded windows are used to fit the ridge control."""

RIDGE_STRENGTHS = (1e-3, 1e-2, 1e-1)
"""Candidates for the control; weaker ones matter only with more windows than it uses."""

CHOICE_WINDOWS = 5_000
"""At most this many of those windows are used to fit the numbers."""

SHRINKAGES = (0.3, 0.6, 0.9)
"""Candidates for the whitening, where there is a train split to choose on."""

CROSS_FIT_SHRINKAGE = 0.6
"""The whitening where there is none."""

START = 10.0
"""Weight of the last chunk where the search for the numbers starts."""

_FOLDS = 5

RidgeSource = Literal["train split", "cross-fitted by article"]


@dataclass(frozen=True, eq=False)
class _Material:
    """Windows to learn from.

    Attributes:
        dataset: where they lie.
        rows: (n,) ascending last rows. fold: (n,) of each.
        moments: of them all.
        strength: of the ridge.
        centre: (D,) mean row of train; None where each answerer has its own.
        shrinkages: candidates for the whitening.
        seed: of the draws.
    """

    dataset: Dataset
    rows: IntArray
    fold: IntArray
    moments: FoldMoments
    strength: float
    centre: torch.Tensor | None
    shrinkages: tuple[float, ...]
    seed: int

    def teach(self, left_out: tuple[int, ...]) -> Taught | None:
        """What the windows outside some folds teach; None where there are none."""
        taught = self.moments.teach(left_out, self.strength)
        if taught is None or self.centre is None:
            return taught
        return replace(taught, centre=self.centre)


@dataclass(frozen=True, eq=False)
class _Answerer:
    """What answers the articles of one fold, or all where there is a train split.

    Attributes:
        taught: by all articles that may teach it.
        mix: (L,) numbers of copy_mix.
        logit: (2 L + 2,) numbers of logit. shrinkage: of its whitening.
    """

    taught: Taught
    mix: DoubleArray
    logit: DoubleArray
    shrinkage: float


def fit_controls(
    dataset: Dataset, evaluated: tuple[str, ...], *, seed: int
) -> tuple[Mapping[str, Predictor], RidgeSource]:
    """Fit them all.

    Args:
        dataset: with or without a train split.
        evaluated: splits that are measured; only where there is no train split anything is fitted on them.
        seed: of the draws, the folds and the rivals.

    Returns:
        The predictors by name, and what they were fitted on.

    Raises:
        DataError: the windows are of one article only.
    """
    bank = dataset.bank
    source: RidgeSource
    if TRAIN in dataset.splits and TRAIN not in evaluated:
        source, fold_of_row = "train split", np.zeros(bank.rows, dtype=np.int64)
        answerers = [_fit(_of_train(dataset, seed), left_out=())]
    else:
        source = "cross-fitted by article"
        fold_of_row = cross_fit_folds(bank.articles, folds=_FOLDS, seed=seed)
        material = _of_evaluated(dataset, evaluated, fold_of_row, seed)
        answerers = [_fit(material, left_out=(k,)) for k in range(_FOLDS)]
    return _predictors(answerers, fold_of_row, dataset.window.context), source


def _of_train(dataset: Dataset, seed: int) -> _Material:
    """Train's windows in folds: the first is the articles that choose the strength."""
    rows = draw(dataset.splits[TRAIN].last_rows, count=RIDGE_WINDOWS, seed=seed)
    articles = dataset.bank.articles[rows]
    held = holdout_articles(articles, fraction=1.0 / _FOLDS, seed=seed)
    fold = np.zeros(len(rows), dtype=np.int64)
    fold[~held] = 1 + cross_fit_folds(articles[~held], folds=_FOLDS - 1, seed=seed)
    moments = FoldMoments.of(*gather_training(dataset.bank, rows, dataset.window), fold)
    strength = moments.choose(RIDGE_STRENGTHS, scored=(0,))
    centre = torch.from_numpy(mean_row(dataset))
    return _Material(dataset, rows, fold, moments, strength, centre, SHRINKAGES, seed)


def _of_evaluated(
    dataset: Dataset, evaluated: tuple[str, ...], fold_of_row: IntArray, seed: int
) -> _Material:
    pooled = np.concatenate([dataset.splits[name].last_rows for name in evaluated])
    rows = draw(pooled, count=RIDGE_WINDOWS, seed=seed)
    fold = fold_of_row[rows]
    moments = FoldMoments.of(*gather_training(dataset.bank, rows, dataset.window), fold)
    strength = moments.choose(RIDGE_STRENGTHS, scored=range(_FOLDS))
    return _Material(dataset, rows, fold, moments, strength, None, (CROSS_FIT_SHRINKAGE,), seed)


def _fit(material: _Material, *, left_out: tuple[int, ...]) -> _Answerer:
    """Numbers and matrices from the articles outside some folds."""
    context = material.dataset.window.context
    taught = material.teach(left_out)
    assert taught is not None  # of at least two folds at most one is left out
    start = np.zeros(2 * context + 2)
    start[context - 1] = START
    choices = _choices(material, left_out)
    if choices is None:
        return _Answerer(taught, start[:context], start, material.shrinkages[0])
    mix = fit_choices(choices.columns(copy_columns(context)), start[:context])
    fitted: list[tuple[Fitted, float]] = [
        (fit_choices(choices.columns(logit_columns(context, number)), start), shrinkage)
        for number, shrinkage in enumerate(material.shrinkages)
    ]
    best, shrinkage = min(fitted, key=lambda each: each[0].cost)
    return _Answerer(taught, mix.numbers, best.numbers, shrinkage)


def _choices(material: _Material, left_out: tuple[int, ...]) -> Choices | None:
    """Targets and rivals, those of each fold read with what the folds outside it teach."""
    rows = draw(material.rows, count=CHOICE_WINDOWS, seed=material.seed)
    fold = material.fold[np.searchsorted(material.rows, rows)]
    readers = {}
    for k in sorted(set(material.moments.parts) - set(left_out)):
        taught = material.teach((*left_out, k))
        if taught is not None:
            whiteners = [whitening(taught.covariance, each).float() for each in material.shrinkages]
            readers[k] = Reader(taught, torch.stack(whiteners))
    return gather_choices(material.dataset, rows, readers, fold, seed=material.seed)


def _predictors(answerers: list[_Answerer], fold_of_row: IntArray, context: int) -> dict[str, Predictor]:
    centres = torch.stack([each.taught.centre for each in answerers]).float()
    weights = torch.stack([each.taught.weight for each in answerers])
    biases = torch.stack([each.taught.bias for each in answerers])
    last = torch.zeros(len(answerers), context)
    last[:, -1] = 1.0
    mix = torch.stack([torch.from_numpy(each.mix) for each in answerers]).float()
    maps = [
        logit_map(each.logit, each.taught, whitening(each.taught.covariance, each.shrinkage))
        for each in answerers
    ]
    logit_weights, logit_biases = (torch.stack(each) for each in zip(*maps, strict=True))
    return {
        "ridge": LinearMaps(weights, biases, fold_of_row, "ridge"),
        "ridge_centred": LinearMaps(weights, biases - centres, fold_of_row, "ridge_centred"),
        "copy_last_centred": WeightedCopy(last, centres, fold_of_row, "copy_last_centred"),
        "copy_mix": WeightedCopy(mix, centres, fold_of_row, "copy_mix"),
        "logit": LinearMaps(logit_weights, logit_biases, fold_of_row, "logit"),
    }
