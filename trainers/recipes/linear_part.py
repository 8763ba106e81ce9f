"""The linear part of a model that is more: what the control ``logit`` fits, and its features out of fold.

The control's ridge and whitening are fitted on all of train. A network that learned beside them on the same
articles would trust them too much, since they have seen the answers. While it trains, an article's features
therefore come from what the folds without it teach, just as the control's own numbers are fitted
(:mod:`gates.fitted_controls`); the model that is saved and measured has the fit on all of train.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from gates.contracts import Dataset
from gates.fitted_controls import SHRINKAGES, fit_answerer
from gates.fitting_windows import FittingWindows
from gates.fold_moments import Taught
from gates.windows import context_rows, draw
from schemas.records.splits import EVALUATED, TRAIN
from trainers.architectures.logit_residual import LogitResidual, Reading

_ENOUGH = 2_000
"""Windows that say how long the answers are, and how close the ridge comes."""

_AMOUNTS = tuple(step / 20 for step in range(201))


@dataclass(frozen=True, eq=False)
class LinearPart:
    """The fitted control, and what reads the windows of train.

    Attributes:
        numbers: (2 L + 2,) float32.
        reading: of the control; from all articles of train.
        readings: one a fold, from the articles outside it, then the control's.
        reader: (N,) which of them reads a bank row's article: the fold's, or the control's where the article
            taught nobody.
        sharpness: mean length of the control's answers, which its scores are as sharp as.
    """

    numbers: torch.Tensor
    reading: Reading
    readings: tuple[Reading, ...]
    reader: torch.Tensor
    sharpness: float = 1.0

    @classmethod
    def of(cls, dataset: Dataset, *, seed: int) -> "LinearPart":
        """Fit it on train alone.

        Raises:
            DataError: train has windows of one article only.
        """
        windows = FittingWindows.of(dataset, EVALUATED, seed=seed)
        fitted = fit_answerer(windows, (), SHRINKAGES, seed=seed)
        reading = _reading(fitted.taught, fitted.whitener)
        folds = sorted(windows.moments.parts)
        readings = []
        for fold in folds:
            taught = windows.teach((fold,))
            assert taught is not None  # there are at least two folds
            readings.append(_reading(taught, windows.whiten((fold,), fitted.shrinkage)))
        reader = np.full(dataset.bank.rows, len(folds), dtype=np.int64)
        firsts = dataset.bank.article_first[windows.rows]
        reader[firsts] = np.searchsorted(folds, windows.fold)
        numbers = torch.from_numpy(fitted.logit).float()
        of_row = torch.from_numpy(reader[dataset.bank.article_first])
        found = cls(numbers, reading, (*readings, reading), of_row)
        features, _ = found._windows(dataset, TRAIN, seed)
        lengths = (numbers[:, None] * features).sum(dim=1).norm(dim=1)
        return replace(found, sharpness=float(lengths.mean()))

    def features(self, contexts: torch.Tensor, last_rows: torch.Tensor) -> torch.Tensor:
        """(B, 2 L + 2, D) of contexts (B, L, D) that end at some rows (B,), out of fold."""
        who = self.reader.to(last_rows.device)[last_rows].to(contexts.device)
        size, context, width = contexts.shape
        found = contexts.new_empty(size, 2 * context + 2, width)
        for number in torch.unique(who).tolist():
            chosen = who == number
            found[chosen] = self.readings[number].features(contexts[chosen])
        return found

    def ridge_cosine(self, dataset: Dataset, split: str, *, seed: int) -> float:
        """Mean cosine of the ridge prediction to the targets of a split; in train out of fold."""
        features, targets = self._windows(dataset, split, seed)
        ridge = features[:, 2 * dataset.window.context] + self.reading.centre
        return float(nn.functional.cosine_similarity(ridge, targets).mean())

    def shared_for(self, dataset: Dataset, cosine: float, *, seed: int) -> float:
        """How much of the centre brings the control's answers so close to the targets of train, out of fold.

        Args:
            dataset: with train.
            cosine: asked for in the mean.
            seed: of the windows that say so.

        Returns:
            The least of some amounts, beside numbers of length 1; where none is enough, the best of them.
        """
        features, targets = self._windows(dataset, TRAIN, seed)
        answers = (self.numbers[:, None] * features).sum(dim=1) / self.numbers.norm()
        reached = [
            float(nn.functional.cosine_similarity(answers + amount * self.reading.centre, targets).mean())
            for amount in _AMOUNTS
        ]
        enough = [amount for amount, found in zip(_AMOUNTS, reached, strict=True) if found >= cosine]
        return enough[0] if enough else _AMOUNTS[reached.index(max(reached))]

    def _windows(self, dataset: Dataset, split: str, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Features (n, 2 L + 2, D) and targets (n, D) of some windows."""
        rows = draw(dataset.splits[split].last_rows, count=_ENOUGH, seed=seed)
        contexts = torch.from_numpy(dataset.bank.vectors[context_rows(rows, dataset.window.context)])
        targets = torch.from_numpy(dataset.bank.vectors[rows + dataset.window.horizon])
        return self.features(contexts, torch.from_numpy(rows)), targets

    def fill(self, module: nn.Module, *, shared: float = 0.0) -> nn.Module:
        """The same model, which was just built, with this linear part and so much of the centre."""
        assert isinstance(module, LogitResidual)
        module.begin_with(self.numbers, self.reading, shared=shared)
        return module

    def to(self, device: torch.device) -> "LinearPart":
        """The same with what reads on a device."""
        readings = tuple(each.to(device) for each in self.readings)
        return replace(self, readings=readings)


def _reading(taught: Taught, whitener: torch.Tensor) -> Reading:
    return Reading(taught.centre.float(), taught.weight, taught.bias.float(), whitener.float())
