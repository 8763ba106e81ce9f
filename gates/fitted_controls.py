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

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from gates.choices import Choices, Fitted, fit_choices
from gates.contracts import Dataset, DoubleArray, IntArray, Predictor
from gates.copy_features import Reader, copy_columns, gather_choices, logit_columns
from gates.fitting_windows import FittingWindows, RidgeSource
from gates.fold_moments import Taught
from gates.linear_maps import LinearMaps, Products
from gates.logit import Logit
from gates.weighted_copies import WeightedCopy
from gates.windows import draw

CHOICE_WINDOWS = 5_000
"""At most this many of those windows are used to fit the numbers."""

SHRINKAGES = (0.3, 0.6, 0.9)
"""Candidates for the whitening, where there is a train split to choose on."""

CROSS_FIT_SHRINKAGE = 0.6
"""The whitening where there is none."""

START = 10.0
"""Weight of the last chunk where the search for the numbers starts."""


@dataclass(frozen=True, eq=False)
class Answerer:
    """What answers the articles of one fold, or all where there is a train split.

    Attributes:
        taught: by all articles that may teach it.
        mix: (L,) numbers of copy_mix.
        logit: (2 L + 2,) numbers of logit. whitener: (D, D) its R. shrinkage: of R.
    """

    taught: Taught
    mix: DoubleArray
    logit: DoubleArray
    whitener: torch.Tensor
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
    windows = FittingWindows.of(dataset, evaluated, seed=seed)
    shrinkages = SHRINKAGES if windows.source == "train split" else (CROSS_FIT_SHRINKAGE,)
    answerers = [fit_answerer(windows, left_out, shrinkages, seed=seed) for left_out in windows.left_out]
    return _predictors(answerers, windows.answerer, dataset.window.context), windows.source


def fit_answerer(
    windows: FittingWindows, left_out: tuple[int, ...], shrinkages: tuple[float, ...], *, seed: int
) -> Answerer:
    """Numbers and matrices from the articles outside some folds.

    Args:
        windows: to learn from.
        left_out: the folds that teach nothing, at most one of several.
        shrinkages: candidates for the whitening.
        seed: of the draw and the rivals.
    """
    context = windows.dataset.window.context
    taught = windows.teach(left_out)
    assert taught is not None  # of at least two folds at most one is left out
    numbers = np.zeros(2 * context + 2)
    numbers[context - 1] = START
    choices = _choices(windows, left_out, shrinkages, seed)
    if choices is None:
        whitener = windows.whiten(left_out, shrinkages[0])
        return Answerer(taught, numbers[:context], numbers, whitener, shrinkages[0])
    mix = fit_choices(choices.columns(copy_columns(context)), numbers[:context])
    numbers[:context] = mix.numbers  # each search starts where the last one ended, which saves steps
    fitted: list[tuple[Fitted, float]] = []
    for number, shrinkage in enumerate(shrinkages):
        found = fit_choices(choices.columns(logit_columns(context, number)), numbers)
        numbers = found.numbers
        fitted.append((found, shrinkage))
    best, shrinkage = min(fitted, key=lambda each: each[0].cost)
    return Answerer(taught, mix.numbers, best.numbers, windows.whiten(left_out, shrinkage), shrinkage)


def _choices(
    windows: FittingWindows, left_out: tuple[int, ...], shrinkages: tuple[float, ...], seed: int
) -> Choices | None:
    """Targets and rivals, those of each fold read with what the folds outside it teach."""
    rows = draw(windows.rows, count=CHOICE_WINDOWS, seed=seed)
    fold = windows.fold[np.searchsorted(windows.rows, rows)]
    readers = {}
    for k in sorted(set(windows.moments.parts) - set(left_out)):
        away = (*left_out, k)
        taught = windows.teach(away)
        if taught is not None:
            whiteners = [windows.whiten(away, each).float() for each in shrinkages]
            readers[k] = Reader(taught, torch.stack(whiteners))
    return gather_choices(windows.dataset, rows, readers, fold, seed=seed)


def _predictors(answerers: list[Answerer], fold_of_row: IntArray, context: int) -> dict[str, Predictor]:
    centres = torch.stack([each.taught.centre for each in answerers]).float()
    weights = torch.stack([each.taught.weight for each in answerers])
    biases = torch.stack([each.taught.bias for each in answerers])
    last = torch.zeros(len(answerers), context)
    last[:, -1] = 1.0
    mix = torch.stack([torch.from_numpy(each.mix) for each in answerers]).float()
    logit = torch.stack([torch.from_numpy(each.logit) for each in answerers]).float()
    copied = logit[:, : 2 * context].reshape(-1, 2, context)
    whiteners = torch.stack([each.whitener for each in answerers]).float()
    products = Products(weights, fold_of_row)
    return {
        "ridge": LinearMaps(products, biases, "ridge"),
        "ridge_centred": LinearMaps(products, biases - centres, "ridge_centred"),
        "copy_last_centred": WeightedCopy(last, centres, fold_of_row, "copy_last_centred"),
        "copy_mix": WeightedCopy(mix, centres, fold_of_row, "copy_mix"),
        "logit": Logit(products, biases, centres, copied, logit[:, 2 * context :], whiteners),
    }


@contextmanager
def made_once(controls: Iterable[Predictor]) -> Iterator[None]:
    """While these are asked the same one after the other, the product that several share is made once."""
    with ExitStack() as stack:
        for products in {each.products for each in controls if isinstance(each, LinearMaps | Logit)}:
            stack.enter_context(products.kept())
        yield
