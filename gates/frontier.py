"""What a margin costs: what one family of linear models can buy on this data.

The family ``p(alpha) = y0 - alpha * (y[-1] + y[+1]) / 2`` has least squares to the target at alpha 0 and
pushes away from the target's neighbours as alpha grows. ``y[k]`` is the ridge prediction of the chunk at
target + k, and all three are solved with the strength that the ridge control would choose, by the target
alone: alpha 0 is the ridge control fitted on the same windows, and the whole family costs one fit.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from gates.contracts import Bank, FloatArray, IntArray, Window
from gates.fitting_windows import RIDGE_STRENGTHS
from gates.geometry import cosine_to_rows
from gates.intervals import NO_SAMPLE, least_metric, mean_metric, share_metric, undefined
from gates.ranks import article_rivals, article_scores, context_rivals
from gates.ridge import fit_ridge, holdout_articles
from gates.windows import context_rows, fits
from schemas.errors import DataError
from schemas.records.audit import FrontierOfSplit, FrontierPoint
from schemas.records.metrics import OFFSETS

ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)


def linear_frontier(
    bank: Bank,
    fit_rows: IntArray,
    tests: Mapping[str, IntArray],
    window: Window,
    *,
    confidence: float,
    seed: int,
    alphas: Sequence[float] = ALPHAS,
) -> dict[str, FrontierOfSplit]:
    """Fit on some articles, measure the whole family on each split of others.

    Args:
        bank: the bank.
        fit_rows: last context rows of the windows to fit; those without a chunk after the target are
            left out.
        tests: split -> likewise, of other articles; those without all seven offsets are left out.
        window: context and horizon.
        confidence: of the intervals.
        seed: of the articles held out to choose the strength.
        alphas: members of the family.

    Raises:
        DataError: there is no window to fit.
    """
    fit_rows = fit_rows[fits(bank, fit_rows, before=window.context - 1, after=window.horizon + 1)]
    if not len(fit_rows):
        raise DataError("no window to fit has a chunk after its target; use longer articles")
    contexts = bank.vectors[context_rows(fit_rows, window.context)].reshape(len(fit_rows), -1)
    held = holdout_articles(bank.articles[fit_rows], fraction=0.2, seed=seed)
    rows = fit_rows + window.horizon
    # One fit for the target and its neighbours: they share the matrix that is factored.
    answers = np.concatenate([bank.vectors[rows + k] for k in (0, -1, 1)], axis=1)
    fit = fit_ridge(contexts, answers, strengths=RIDGE_STRENGTHS, holdout=held, scored=bank.dimension)
    mean = _unit(bank.vectors.mean(axis=0, dtype=np.float64)[None].astype(np.float32))
    found = {}
    for name, given in tests.items():
        last_rows = given[fits(bank, given + window.horizon, before=-OFFSETS[0], after=OFFSETS[-1])]
        if not len(last_rows):
            nothing = undefined(NO_SAMPLE)
            found[name] = FrontierOfSplit(
                tuple(FrontierPoint(alpha, nothing, nothing, nothing) for alpha in alphas), nothing
            )
            continue
        targets = last_rows + window.horizon
        tested = bank.vectors[context_rows(last_rows, window.context)].reshape(len(last_rows), -1)
        middle, before, after = np.split(tested @ fit.weight + fit.bias, 3, axis=1)
        points = []
        for alpha in alphas:
            predictions = _unit(middle - alpha * (before + after) / 2)
            points.append(_point(bank, alpha, predictions, last_rows, targets, window.context, confidence))
        constant = cosine_to_rows(np.repeat(mean, len(targets), axis=0), bank, targets)
        found[name] = FrontierOfSplit(
            tuple(points), mean_metric(constant, bank.articles[targets], confidence)
        )
    return found


def _point(
    bank: Bank,
    alpha: float,
    predictions: FloatArray,
    last_rows: IntArray,
    targets: IntArray,
    context: int,
    confidence: float,
) -> FrontierPoint:
    articles = bank.articles[targets]
    cosines = np.stack([cosine_to_rows(predictions, bank, targets + k) for k in OFFSETS], axis=1)
    cos = cosines[:, OFFSETS.index(0)]
    lead = cos[:, None] - np.delete(cosines, OFFSETS.index(0), axis=1)
    seen = context_rivals(predictions, bank, targets, context_rows(last_rows, context))
    article = article_rivals(article_scores(predictions, bank, targets), len(targets))
    rank = article.without(seen).pessimistic
    return FrontierPoint(
        alpha,
        least_metric(lead, articles, confidence),
        mean_metric(cos, articles, confidence),
        share_metric(rank <= 5, articles, confidence),
    )


def _unit(vectors: FloatArray) -> FloatArray:
    found: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found
