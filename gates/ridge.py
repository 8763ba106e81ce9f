"""Ridge regression from the flattened context to the target, in closed form.

The honest linear baseline: a model that does not beat it has learned nothing a matrix could not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch

from gates.contracts import Bank, BoolArray, FloatArray, IntArray, Window
from gates.seeded import hash_rows
from gates.windows import context_rows
from schemas.errors import DataError

_SMALL = 512
_BLOCK = 480  # columns multiplied at once: few enough to skip nearly half of a symmetric product


@dataclass(frozen=True, eq=False)
class RidgeFit:
    """A fitted linear map ``context.flatten() @ weight + bias``.

    Attributes:
        weight: (L * D, D). bias: (D,).
        strength: the chosen regularisation, relative to the number of windows.
        scores: strength -> mean cosine on the held-out windows.
    """

    weight: FloatArray
    bias: FloatArray
    strength: float
    scores: Mapping[float, float]


def gather_training(bank: Bank, last_rows: IntArray, window: Window) -> tuple[FloatArray, FloatArray]:
    """Flattened contexts (n, L * D) and targets (n, D) of windows."""
    contexts = bank.vectors[context_rows(last_rows, window.context)].reshape(len(last_rows), -1)
    return contexts, bank.vectors[last_rows + window.horizon]


def holdout_articles(articles: IntArray, *, fraction: float, seed: int) -> BoolArray:
    """Mark about ``fraction`` of the distinct articles, at least one and never all.

    Args:
        articles: (n,) article of each window.
        fraction: share of articles, in (0, 1).
        seed: of the choice.

    Raises:
        DataError: fewer than two articles.
    """
    distinct = np.unique(articles)
    if len(distinct) < 2:
        raise DataError(
            "choosing a regularisation needs windows of at least 2 articles, one to hold out; "
            f"found {len(distinct)}"
        )
    count = min(max(1, round(fraction * len(distinct))), len(distinct) - 1)
    order = np.argsort(hash_rows(distinct, seed=seed, stream="holdout"), kind="stable")
    return np.isin(articles, distinct[order[:count]])


@dataclass(frozen=True, eq=False)
class Moments:
    """Raw second moments of a set of windows; the moments of a union are their sum."""

    n: int
    x_sum: torch.Tensor
    y_sum: torch.Tensor
    xx: torch.Tensor
    xy: torch.Tensor

    @classmethod
    def of(cls, x: torch.Tensor, y: torch.Tensor) -> "Moments":
        """Moments of inputs (n, P) and targets (n, D)."""
        return cls(len(x), x.sum(dim=0).double(), y.sum(dim=0).double(), _gram(x), x.T @ y)

    @classmethod
    def union(cls, parts: Sequence["Moments"]) -> "Moments":
        """Moments of the windows of all parts, at least one, added in the order given."""
        first, *others = parts
        sums = [each.clone() for each in (first.x_sum, first.y_sum, first.xx, first.xy)] if others else []
        for other in others:
            for total, each in zip(sums, (other.x_sum, other.y_sum, other.xx, other.xy), strict=True):
                total.add_(each)
        return cls(sum(each.n for each in parts), *sums) if others else first

    def solve(self, strength: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Weight (P, D) and bias (D,) of the ridge solution as float32.

        Raises:
            DataError: the strength is too weak for the windows to determine the solution.
        """
        dtype = _dtype(strength, len(self.x_sum))
        x_mean, y_mean = self.x_sum / self.n, self.y_sum / self.n
        gram = torch.addr(self.xx.to(dtype), x_mean.to(dtype), x_mean.to(dtype), alpha=-self.n)
        gram.diagonal().add_(self.n * strength)
        cross = torch.addr(self.xy.to(dtype), x_mean.to(dtype), y_mean.to(dtype), alpha=-self.n)
        factor, failed = torch.linalg.cholesky_ex(gram)
        if failed:
            raise DataError(
                f"ridge regression on {self.n} windows has no stable solution at strength {strength:g}; "
                "use a larger strength"
            )
        weight = torch.cholesky_solve(cross, factor)
        bias = y_mean - x_mean @ weight.double()
        return weight.float(), bias.float()


def _gram(x: torch.Tensor) -> torch.Tensor:
    """``x.T @ x`` (P, P) of (n, P); what lies below the diagonal is copied from above it."""
    size = x.shape[1]
    if size <= _BLOCK:
        return x.T @ x
    found = x.new_empty(size, size)
    for start in range(0, size, _BLOCK):
        end = min(start + _BLOCK, size)
        found[start:end, start:] = x[:, start:end].T @ x[:, start:]
        found[end:, start:end] = found[start:end, end:].T
    return found


def _dtype(strength: float, inputs: int) -> torch.dtype:
    """Float32, at half the time of float64, where its error does not matter.

    Inputs are unit rows, so the condition number is at most L / strength and the relative error of
    the weights about 1e-7 * L / strength: half a per mille at L = 5 and a strength of 1e-3. Few inputs
    are solved at once in either.
    """
    return torch.float32 if strength >= 1e-3 and inputs > _SMALL else torch.float64


def fit_ridge(
    contexts: FloatArray,
    targets: FloatArray,
    *,
    strengths: Sequence[float],
    holdout: BoolArray,
    scored: int | None = None,
) -> RidgeFit:
    """Choose the strength by mean cosine on the held-out windows, then refit on all of them.

    Minimises ``sum |x W + b - y|^2 + n * strength * |W|^2`` with the intercept unpenalised.

    Args:
        contexts: (n, L * D).
        targets: (n, D).
        strengths: candidates, each > 0.
        holdout: (n,) True for the windows that choose among them.
        scored: only the first so many columns of the targets choose; the others are solved with the
            strength found. All columns where None.
    """
    x, y = torch.from_numpy(contexts), torch.from_numpy(targets)
    held = torch.from_numpy(holdout)
    fitted, total_held = Moments.of(x[~held], y[~held]), Moments.of(x[held], y[held])
    scores = {}
    for strength in strengths:
        weight, bias = fitted.solve(strength)
        predicted = x[held] @ weight[:, :scored] + bias[:scored]
        scores[strength] = float(torch.nn.functional.cosine_similarity(predicted, y[held][:, :scored]).mean())
    best = max(scores, key=lambda strength: scores[strength])
    weight, bias = Moments.union((fitted, total_held)).solve(best)
    return RidgeFit(weight.numpy(), bias.numpy(), best, MappingProxyType(scores))


def cross_fit_folds(articles: IntArray, *, folds: int, seed: int) -> IntArray:
    """Fold (0 to ``folds`` - 1) of each window, all windows of an article in one fold, sizes even."""
    distinct = np.unique(articles)
    order = np.argsort(hash_rows(distinct, seed=seed, stream="folds"), kind="stable")
    fold_of = np.empty(len(distinct), dtype=np.int64)
    fold_of[order] = np.arange(len(distinct)) % folds
    return fold_of[np.searchsorted(distinct, articles)]
