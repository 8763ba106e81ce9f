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

from gates.contracts import Dataset, IntArray
from gates.fitted_controls import SHRINKAGES, fit_answerer
from gates.fitting_windows import FittingWindows
from gates.fold_moments import Taught
from gates.windows import context_rows, draw
from schemas.records.splits import EVALUATED
from trainers.architectures.logit_residual import LogitResidual, Reading

_ENOUGH = 2_000
"""Windows that say how long the answers are, and how close the ridge comes."""


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
        return replace(found, sharpness=found._length(dataset, draw(windows.rows, count=_ENOUGH, seed=seed)))

    def _length(self, dataset: Dataset, last_rows: IntArray) -> float:
        """How long the answers to some windows are on average."""
        rows = context_rows(last_rows, dataset.window.context)
        features = self.features(torch.from_numpy(dataset.bank.vectors[rows]), torch.from_numpy(last_rows))
        return float((self.numbers[:, None] * features).sum(dim=1).norm(dim=1).mean())

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
        rows = draw(dataset.splits[split].last_rows, count=_ENOUGH, seed=seed)
        contexts = torch.from_numpy(dataset.bank.vectors[context_rows(rows, dataset.window.context)])
        centred = self.features(contexts, torch.from_numpy(rows))[:, 2 * dataset.window.context]
        targets = torch.from_numpy(dataset.bank.vectors[rows + dataset.window.horizon])
        return float(nn.functional.cosine_similarity(centred + self.reading.centre, targets).mean())

    def fill(self, module: nn.Module) -> nn.Module:
        """The same model, which was just built, with this linear part."""
        assert isinstance(module, LogitResidual)
        module.begin_with(self.numbers, self.reading)
        return module

    def to(self, device: torch.device) -> "LinearPart":
        """The same with what reads on a device."""
        readings = tuple(each.to(device) for each in self.readings)
        return replace(self, readings=readings)


def _reading(taught: Taught, whitener: torch.Tensor) -> Reading:
    return Reading(taught.centre.float(), taught.weight, taught.bias.float(), whitener.float())
