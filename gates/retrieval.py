"""Gate B: is the target found among the chunks it could be confused with?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gates.contracts import DoubleArray, PredictorAnswers, Samples, Values
from gates.intervals import summarise
from gates.pools import article_pools
from gates.windows import context_rows
from schemas.records.evidence import Metric
from schemas.records.metrics import POOLS, RECALL_AT

if TYPE_CHECKING:
    import torch

    from gates.bits import PoolScores
    from gates.options import Backend
    from gates.ranks import ArticleScores

NAME = "retrieval"

_UNKNOWN = "no target has a rival in its article, or only those of one article have"


@dataclass(frozen=True)
class Retrieval:
    """Ranks of the target in four pools, and what is known of it beyond chance.

    ``bank``: all bank rows; ``article``: rows of the target's article; ``_unseen``: the same
    without the L context rows. Arrays per pool: ``<pool>.rank`` and ``<pool>.optimistic`` (S,),
    1 is best, and ``<pool>.size`` (S,), the number of candidates with the target among them.
    ``seed_pool``: the L context rows and the target, ``seed_pool.rank`` and ``seed_pool.size``.

    ``targets``: the rows of the article that can be a target, without the context
    (:mod:`gates.pools`): ``targets.size``, ``bits`` and ``bits_centred`` (:mod:`gates.bits`), ``auc`` and
    ``lift`` (S,), NaN where they are undefined. Lift is told with gate A, beside the margins; it is
    measured here, where the scores of the pool are.

    Attributes:
        backend: library for the bulk product over the bank; the ranks do not depend on it.
        device: where torch makes it.
        mean: (D,) what ``bits_centred`` subtracts from the predictions.
        search: whether the bank is searched; without it the pools of the bank are not measured.
    """

    backend: "Backend"
    device: "torch.device"
    mean: DoubleArray
    search: bool = True
    name: str = NAME

    def measure(self, answers: PredictorAnswers) -> Samples:
        """Rank every target by inner product with the base prediction."""
        # Only here: recorded ranks are scored again by programs that must start without torch.
        from gates.ranks import article_rivals, article_scores, bank_rivals, context_rivals

        targets, contexts = answers.target_rows, context_rows(answers.last_rows, answers.window.context)
        seen = context_rivals(answers.base, answers.bank, targets, contexts)
        scored = list(article_scores(answers.base, answers.bank, targets))
        article = article_rivals(scored, len(targets))
        article_size = answers.bank.article_last[targets] - answers.bank.article_first[targets] + 1
        pools = {
            "article": (article, article_size),
            "article_unseen": (article.without(seen), article_size - answers.window.context),
        }
        if self.search:
            bank = bank_rivals(answers.base, answers.bank, targets, backend=self.backend, device=self.device)
            bank_size = np.full_like(article_size, answers.bank.rows)
            pools |= {
                "bank": (bank, bank_size),
                "bank_unseen": (bank.without(seen), bank_size - answers.window.context),
            }
        arrays: dict[str, npt.NDArray[Any]] = {}
        for pool, (rivals, size) in pools.items():
            arrays[f"{pool}.rank"] = rivals.pessimistic
            arrays[f"{pool}.optimistic"] = rivals.optimistic
            arrays[f"{pool}.size"] = size
        arrays["seed_pool.rank"] = seen.pessimistic
        arrays["seed_pool.size"] = np.full_like(article_size, answers.window.context + 1)
        arrays |= self._known(answers, scored)
        return Samples(np.arange(len(targets)), answers.bank.articles[targets], arrays)

    def _known(
        self, answers: PredictorAnswers, scored: "Sequence[ArticleScores]"
    ) -> dict[str, npt.NDArray[Any]]:
        from gates.bits import Centring, pool_bits

        bank, articles = answers.bank, answers.bank.articles[answers.last_rows]
        pools = [
            each.among(pool)
            for each, pool in zip(scored, article_pools(bank, answers.last_rows, answers.window), strict=True)
        ]
        centring = Centring.of(answers.base, answers.lengths, self.mean)
        centred = (centring.scores(each, bank) for each in pools)
        return {
            **_standing(pools, len(articles)),
            "bits": pool_bits(pools, articles, seed=answers.seed),
            "bits_centred": pool_bits(centred, articles, seed=answers.seed),
        }

    def values(self, samples: Samples) -> dict[str, Values]:
        """As :func:`retrieval_values`."""
        return retrieval_values(samples)

    def score(self, samples: Samples, confidence: float) -> dict[str, Metric]:
        """R@k, chance, MRR, median ranks and tie share of every pool, and what is known beyond chance."""
        return summarise(self.values(samples), confidence)


def _standing(pools: "Sequence[PoolScores]", windows: int) -> dict[str, npt.NDArray[Any]]:
    """``targets.size``, ``auc`` and ``lift`` (S,), the latter NaN where the target has no rival."""
    from gates.ranks import TIE

    found = {name: np.full(windows, np.nan) for name in ("auc", "lift")}
    sizes = np.empty(windows, dtype=np.int64)
    for each in pools:
        pool, size = each.pool, each.pool.sizes
        sizes[pool.windows] = size
        lead = np.where(pool.allowed, each.scores - each.of_target[:, None], 0.0)
        better = (lead > TIE).sum(axis=1)
        equal = ((np.abs(lead) <= TIE) & pool.allowed).sum(axis=1) - 1
        with np.errstate(divide="ignore", invalid="ignore"):
            # The pool less the mid-rank, 1 + better + equal / 2, over the rivals.
            found["auc"][pool.windows] = (size - 1 - better - equal / 2) / (size - 1)
        found["lift"][pool.windows] = np.where(size > 1, -lead.sum(axis=1) / size, np.nan)
    return {"targets.size": sizes, **found}


def retrieval_values(samples: Samples) -> dict[str, Values]:
    """R@k, chance, reciprocal ranks, ranks and ties of every pool; bits, auc and lift of the target's pool.

    R@k is the share with pessimistic rank <= k; chance is the mean of min(k, size) / size.
    """
    found: dict[str, Values] = {}
    articles = samples.articles
    for pool in POOLS:
        if f"{pool}.rank" not in samples.arrays:
            continue  # the bank was not searched
        rank, size = samples.arrays[f"{pool}.rank"], samples.arrays[f"{pool}.size"]
        optimistic = samples.arrays[f"{pool}.optimistic"]
        prefix = f"{NAME}.{pool}"
        for k in RECALL_AT:
            found[f"{prefix}.r@{k}"] = Values("share", rank <= k, articles)
            found[f"{prefix}.chance@{k}"] = Values("mean", np.minimum(k, size) / size, articles)
        found[f"{prefix}.mrr"] = Values("mean", 1.0 / rank, articles)
        found[f"{prefix}.median_rank"] = Values("median", rank, articles)
        found[f"{prefix}.median_rank_optimistic"] = Values("median", optimistic, articles)
        found[f"{prefix}.tie_share"] = Values("share", rank > optimistic, articles)
    rank, size = samples.arrays["seed_pool.rank"], samples.arrays["seed_pool.size"]
    found[f"{NAME}.seed_pool.r@5"] = Values("share", rank <= 5, articles)
    found[f"{NAME}.seed_pool.chance@5"] = Values("mean", np.minimum(5, size) / size, articles)
    for name, array in (
        (f"{NAME}.article_unseen.bits", "bits"),
        (f"{NAME}.article_unseen.bits_centred", "bits_centred"),
        (f"{NAME}.article_unseen.auc", "auc"),
        ("offset_sweep.lift", "lift"),
    ):
        known = np.isfinite(samples.arrays[array])
        found[name] = Values("mean", samples.arrays[array][known], articles[known], _UNKNOWN)
    return found
