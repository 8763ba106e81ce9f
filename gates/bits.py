"""What a predictor knows of which chunk comes next, in bits: a proper score of its cosines.

A predictor's cosines say, through a softmax, how likely each candidate of the pool is to be the target.
``log2(pool size) + log2 softmax(beta * cosines)[target]`` is then what it knows beyond chance: 0 for whoever
knows nothing, log2(pool size) for whoever knows the target for certain. beta is chosen on other articles
(:mod:`gates.sharpness`), so nothing is known of an article by fitting it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gates.contracts import Bank, DoubleArray, FloatArray, IntArray
from gates.pools import ArticlePool
from gates.sharpness import ScoredArticle, article_folds, fit_sharpness


@dataclass(frozen=True, eq=False)
class PoolScores:
    """One predictor's scores of the candidates of an article's windows.

    Attributes:
        pool: the windows (m,) and their candidates.
        scores: (m, r) float64 of every row of the pool, candidate or not.
    """

    pool: ArticlePool
    scores: DoubleArray

    @property
    def of_target(self) -> DoubleArray:
        """(m,) scores of the targets."""
        found: DoubleArray = self.scores[np.arange(len(self.pool.target)), self.pool.target]
        return found


@dataclass(frozen=True, eq=False)
class Centring:
    """Predictions minus a mean row: ``prediction * unit row - subtracted * mean``, of some length.

    Attributes:
        mean: (D,).
        prediction: (S,) how much of the unit prediction there is.
        subtracted: (S,) how much of the mean is subtracted.
        length: (S,) of the difference; 0 where rounding alone is left.
    """

    mean: DoubleArray
    prediction: DoubleArray
    subtracted: DoubleArray
    length: DoubleArray

    @classmethod
    def of(cls, predictions: FloatArray, lengths: DoubleArray, mean: DoubleArray) -> "Centring":
        """From unit rows (S, D), the lengths (S,) they were answered with, and the mean (D,).

        What is subtracted is the mean as it is, so the length of an answer counts. Both are divided by a
        length above 1, which keeps the direction and cannot overflow.
        """
        answered, subtracted = np.minimum(lengths, 1.0), 1.0 / np.maximum(lengths, 1.0)
        cross, own = 2 * answered * subtracted * (predictions @ mean), subtracted**2 * (mean @ mean)
        squares = answered**2 - cross + own
        squares[squares <= 1e-12 * (answered**2 + own)] = 0.0
        return cls(mean, answered, subtracted, np.sqrt(squares))

    def scores(self, of: PoolScores, bank: Bank) -> PoolScores:
        """Cosines of the differences with the rows of a pool; 0 where nothing is left of a prediction."""
        windows = of.pool.windows
        shared = self.subtracted[windows, None] * (bank.vectors[of.pool.rows].astype(np.float64) @ self.mean)
        left = self.length[windows, None]
        raw = self.prediction[windows, None] * of.scores - shared
        return PoolScores(of.pool, np.divide(raw, left, out=np.zeros_like(raw), where=left > 0.0))


def pool_bits(scored: Iterable[PoolScores], articles: IntArray, *, seed: int) -> DoubleArray:
    """Bits of every window.

    Args:
        scored: all pools, one an article.
        articles: (S,) article of each window.
        seed: of the folds.

    Returns:
        (S,); NaN where the target is alone in its pool, and everywhere where no other article could say
        what beta is.
    """
    bits = np.full(len(articles), np.nan, dtype=np.float64)
    told, scores = [], []
    for each in scored:
        pool = each.pool.several()
        if len(pool.windows):
            told.append(pool)
            scores.append(ScoredArticle.of(each.scores[each.pool.sizes > 1], pool.allowed, pool.target))
    if len(told) < 2:
        return bits
    numbers = np.array([articles[pool.windows[0]] for pool in told])
    folds = article_folds(numbers, np.array([len(pool.windows) for pool in told]), seed=seed)
    sharpness = fit_sharpness(scores, folds)
    for pool, score, fold in zip(told, scores, folds, strict=True):
        nats = np.log(pool.sizes) - score.losses(float(sharpness[fold]))
        bits[pool.windows] = nats / np.log(2.0)
    return bits
