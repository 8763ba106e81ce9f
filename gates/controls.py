"""Known-answer predictors: what the gates say about them shows whether the gates are sound here.

oracle        the true target row; in a rollout the true chunk of each step
copy_last     the last chunk of the context
mean_context  the mean of the context
constant      the mean of the bank, whatever the context
random        a seeded random direction per target
ridge         closed-form linear regression from the flattened context
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from gates.contracts import Bank, Dataset, FloatArray, IntArray, Predictor, Queries
from gates.ridge import (
    cross_fit,
    cross_fit_folds,
    fit_ridge,
    gather_training,
    holdout_articles,
)
from gates.seeded import hash_rows
from gates.windows import draw
from schemas.records.answers import Format
from schemas.records.splits import TRAIN

RIDGE_WINDOWS = 20_000
"""At most this many seeded windows are used to fit the ridge control."""

RIDGE_STRENGTHS = (1e-3, 1e-2, 1e-1)
"""Candidates for the control; weaker ones matter only with more windows than it uses."""

_DIRECTIONS = 4_096
_FOLDS = 5
_CPU = torch.device("cpu")

RidgeSource = Literal["train split", "cross-fitted by article"]


@dataclass(frozen=True, eq=False)
class Oracle:
    """Answers with the true row."""

    bank: Bank
    name: str = "oracle"
    device: torch.device = _CPU
    weight_format: Format | None = None
    reads_targets: bool = True

    def predict(self, queries: Queries) -> torch.Tensor:
        """Bank rows of the targets (B, D)."""
        return torch.from_numpy(self.bank.vectors[queries.target_rows])


@dataclass(frozen=True, eq=False)
class CopyLast:
    """Answers with the last context chunk."""

    name: str = "copy_last"
    device: torch.device = _CPU
    weight_format: Format | None = None
    reads_targets: bool = False

    def predict(self, queries: Queries) -> torch.Tensor:
        """``contexts[:, -1]``."""
        return queries.contexts[:, -1]


@dataclass(frozen=True, eq=False)
class MeanContext:
    """Answers with the mean of the context.

    Contexts that cancel to exactly zero have no mean direction; the last chunk stands in.
    """

    name: str = "mean_context"
    device: torch.device = _CPU
    weight_format: Format | None = None
    reads_targets: bool = False

    def predict(self, queries: Queries) -> torch.Tensor:
        """``contexts.mean(dim=1)``."""
        mean = queries.contexts.mean(dim=1)
        return torch.where((mean == 0).all(dim=1, keepdim=True), queries.contexts[:, -1], mean)


@dataclass(frozen=True, eq=False)
class Constant:
    """Answers always the same."""

    direction: FloatArray
    name: str = "constant"
    device: torch.device = _CPU
    weight_format: Format | None = None
    reads_targets: bool = False

    def predict(self, queries: Queries) -> torch.Tensor:
        """The direction (D,) for every query."""
        return torch.from_numpy(self.direction).expand(len(queries.target_rows), -1)


@dataclass(frozen=True, eq=False)
class RandomDirection:
    """Answers with a random direction chosen by a hash of the target row, whatever the context."""

    directions: FloatArray
    seed: int
    name: str = "random"
    device: torch.device = _CPU
    weight_format: Format | None = None
    reads_targets: bool = True

    def predict(self, queries: Queries) -> torch.Tensor:
        """A row of the seeded table (K, D) per query."""
        pick = hash_rows(queries.target_rows, seed=self.seed, stream="random") % np.uint64(
            len(self.directions)
        )
        return torch.from_numpy(self.directions[pick.astype(np.int64)])


@dataclass(frozen=True, eq=False)
class RidgeControl:
    """Linear predictors, one a fold; an article is answered by the fold that never saw it.

    Attributes:
        weights: (K, L * D, D). biases: (K, D).
        fold_of_row: (N,) fold of each bank row's article; all zero when fitted on a train split.
    """

    weights: torch.Tensor
    biases: torch.Tensor
    fold_of_row: IntArray
    name: str = "ridge"
    device: torch.device = _CPU
    weight_format: Format | None = None
    reads_targets: bool = True

    def predict(self, queries: Queries) -> torch.Tensor:
        """``contexts.flatten(1) @ weight + bias`` with the fold's weights."""
        flat = queries.contexts.flatten(1)
        if len(self.weights) == 1:
            return flat @ self.weights[0] + self.biases[0]
        fold = torch.from_numpy(self.fold_of_row[queries.target_rows])
        answer = flat.new_empty(len(flat), self.biases.shape[1])
        for number in torch.unique(fold).tolist():
            chosen = fold == number
            answer[chosen] = flat[chosen] @ self.weights[number] + self.biases[number]
        return answer


def make_controls(
    dataset: Dataset, evaluated: tuple[str, ...], *, seed: int
) -> tuple[Mapping[str, Predictor], RidgeSource]:
    """All controls for a data set, in the order of :data:`schemas.verdict.soundness.CONTROLS`.

    Args:
        dataset: with or without a train split.
        evaluated: splits that are measured; the ridge control is cross-fitted over them where
            there is no train split.
        seed: of the random directions, the ridge draw and its held-out articles.

    Returns:
        The predictors and how the ridge control was fitted.
    """
    bank = dataset.bank
    mean = bank.vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((_DIRECTIONS, bank.dimension)).astype(np.float32)
    ridge, source = _make_ridge(dataset, evaluated, seed=seed)
    return {
        "oracle": Oracle(bank),
        "copy_last": CopyLast(),
        "mean_context": MeanContext(),
        # Vectors that cancel exactly have no mean direction; any fixed one serves.
        "constant": Constant(mean if mean.any() else bank.vectors[0]),
        "random": RandomDirection(directions, seed),
        "ridge": ridge,
    }, source


def _make_ridge(
    dataset: Dataset, evaluated: tuple[str, ...], *, seed: int
) -> tuple[RidgeControl, RidgeSource]:
    bank = dataset.bank
    if TRAIN in dataset.splits and TRAIN not in evaluated:
        rows = draw(dataset.splits[TRAIN].last_rows, count=RIDGE_WINDOWS, seed=seed)
        contexts, targets = gather_training(bank, rows, dataset.window)
        held = holdout_articles(bank.articles[rows], fraction=0.2, seed=seed)
        fit = fit_ridge(contexts, targets, strengths=RIDGE_STRENGTHS, holdout=held)
        weights, biases = torch.from_numpy(fit.weight)[None], torch.from_numpy(fit.bias)[None]
        return RidgeControl(weights, biases, np.zeros(bank.rows, dtype=np.int64)), "train split"
    pooled = np.concatenate([dataset.splits[name].last_rows for name in evaluated])
    rows = draw(pooled, count=RIDGE_WINDOWS, seed=seed)
    contexts, targets = gather_training(bank, rows, dataset.window)
    fold_of_row = cross_fit_folds(bank.articles, folds=_FOLDS, seed=seed)
    weights, biases = cross_fit(contexts, targets, fold_of_row[rows], folds=_FOLDS, strengths=RIDGE_STRENGTHS)
    return RidgeControl(weights, biases, fold_of_row), "cross-fitted by article"
