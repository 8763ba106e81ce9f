"""Does the data have a direction? What a linear map learns forward, backward, and of the order itself.

Raw cosine cannot tell: two chunks are as alike read forward as backward. What can differ is how well the
next chunk follows from the past against how well the previous one follows from the future, and whether a
window can be told from its reversal. Both are measured on articles the map has not seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from gates.contracts import Bank, BoolArray, DoubleArray, FloatArray, IntArray
from gates.intervals import mean_metric, share_metric
from gates.ridge import RidgeFit, fit_ridge, holdout_articles
from gates.windows import context_rows
from schemas.records.evidence import Metric

STRENGTHS = (1e-3, 1e-2, 1e-1)
_ORDER_STRENGTH = 1e-3
_BLOCK = 4_096


@dataclass(frozen=True, eq=False)
class Maps:
    """Two ridge maps: the next chunk from the L before it, and the previous one from the L after it."""

    forward: RidgeFit
    backward: RidgeFit


@dataclass(frozen=True)
class Direction:
    """What held-out articles say.

    Attributes:
        forward: mean cosine of the next chunk with its prediction from the L chunks before it.
        backward: the same of the previous chunk, from the L chunks after it, on the same windows.
        difference: forward minus backward, window by window.
        order: share of windows that a linear classifier tells from their reversal; 0.5 is chance.
        maps: what was fitted.
    """

    forward: Metric
    backward: Metric
    difference: Metric
    order: Metric
    maps: Maps = field(compare=False)


def learned_direction(
    bank: Bank, fit_rows: IntArray, test_rows: IntArray, *, context: int, confidence: float, seed: int
) -> Direction:
    """Fit on some articles, measure on others.

    Args:
        bank: the bank.
        fit_rows: (n,) last context rows of windows of ``context`` + 1 chunks (horizon 1).
        test_rows: likewise, of other articles.
        context: L.
        confidence: of the intervals.
        seed: of the articles held out to choose the strength of the ridge.
    """
    articles = bank.articles[test_rows]
    maps = fit_maps(bank, fit_rows, context=context, seed=seed)
    past, future = _contexts(test_rows, context)
    ahead = _cosines(bank, maps.forward, past, test_rows + 1)
    behind = _cosines(bank, maps.backward, future, test_rows - context + 1)
    return Direction(
        forward=mean_metric(ahead, articles, confidence),
        backward=mean_metric(behind, articles, confidence),
        difference=mean_metric(ahead - behind, articles, confidence),
        order=share_metric(tell_order(bank, fit_rows, test_rows, context=context), articles, confidence),
        maps=maps,
    )


def fit_maps(
    bank: Bank, fit_rows: IntArray, *, context: int, seed: int, strengths: Sequence[float] = STRENGTHS
) -> Maps:
    """Fit both maps on the same windows.

    Args:
        bank: the bank.
        fit_rows: (n,) last context rows of windows of ``context`` + 1 chunks.
        context: L.
        seed: of the articles held out to choose the strength.
        strengths: candidates.
    """
    held = holdout_articles(bank.articles[fit_rows], fraction=0.2, seed=seed)
    past, future = _contexts(fit_rows, context)

    def fit(rows: IntArray, targets: IntArray) -> RidgeFit:
        contexts = bank.vectors[rows].reshape(len(rows), -1)
        return fit_ridge(contexts, bank.vectors[targets], strengths=strengths, holdout=held)

    return Maps(fit(past, fit_rows + 1), fit(future, fit_rows - context + 1))


def tell_direction(bank: Bank, maps: Maps, test_rows: IntArray, *, context: int) -> BoolArray:
    """Which windows the two maps predict better than their reversal, forward and backward together.

    Args:
        bank: the bank.
        maps: fitted on other articles.
        test_rows: (m,) last context rows of windows of ``context`` + 1 chunks.
        context: L.

    Returns:
        (m,). A window and its reversal never both are, as the one's gain is the other's loss.
    """
    past, future = _contexts(test_rows, context)
    following, preceding = test_rows + 1, test_rows - context + 1
    as_stored = _cosines(bank, maps.forward, past, following) + _cosines(
        bank, maps.backward, future, preceding
    )
    reversed_ = _cosines(bank, maps.forward, future[:, ::-1], preceding) + _cosines(
        bank, maps.backward, past[:, ::-1], following
    )
    return np.asarray(as_stored > reversed_)


def _contexts(last_rows: IntArray, context: int) -> tuple[IntArray, IntArray]:
    """Of a window of L + 1 chunks, the rows of the first L and of the last L."""
    return context_rows(last_rows, context), context_rows(last_rows + 1, context)


def _cosines(bank: Bank, fit: RidgeFit, rows: IntArray, targets: IntArray) -> DoubleArray:
    cosines = np.empty(len(rows), dtype=np.float64)
    for start in range(0, len(rows), _BLOCK):
        part = slice(start, start + _BLOCK)
        predicted = bank.vectors[rows[part]].reshape(len(rows[part]), -1) @ fit.weight + fit.bias
        predicted /= np.linalg.norm(predicted, axis=1, keepdims=True)
        cosines[part] = np.einsum("nd,nd->n", predicted, bank.vectors[targets[part]])
    return cosines


def tell_order(bank: Bank, fit_rows: IntArray, test_rows: IntArray, *, context: int) -> BoolArray:
    """Which test windows a linear classifier takes for themselves rather than for their reversal.

    A linear function of a window changes its sign under reversal where it reads only the differences
    of chunks that mirror each other; so one weight vector through the origin, fitted by least squares
    to +1, is the whole classifier.

    Args:
        bank: the bank.
        fit_rows: (n,) last context rows of windows of ``context`` + 1 chunks.
        test_rows: (m,) likewise.
        context: L.

    Returns:
        (m,)
    """
    features = _mirrored(bank, fit_rows, context)
    gram = torch.zeros((features.shape[1], features.shape[1]), dtype=torch.float64)
    sums = torch.zeros(features.shape[1], dtype=torch.float64)
    for start in range(0, len(features), _BLOCK):
        block = torch.from_numpy(features[start : start + _BLOCK])
        gram += (block.T @ block).double()
        sums += block.sum(dim=0).double()
    gram.diagonal().add_(len(features) * _ORDER_STRENGTH)
    weight = torch.linalg.solve(gram, sums).float().numpy()
    told = np.empty(len(test_rows), dtype=np.bool_)
    for start in range(0, len(test_rows), _BLOCK):
        part = slice(start, start + _BLOCK)
        told[part] = _mirrored(bank, test_rows[part], context) @ weight > 0.0
    return told


def _mirrored(bank: Bank, last_rows: IntArray, context: int) -> FloatArray:
    """(n, (L + 1) // 2 * D) differences of the chunks at mirrored places of each window."""
    length = context + 1
    rows = context_rows(last_rows + 1, length)
    early, late = rows[:, : length // 2], rows[:, ::-1][:, : length // 2]
    found: FloatArray = (bank.vectors[late] - bank.vectors[early]).reshape(len(rows), -1)
    return found
