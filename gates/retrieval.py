"""Gate B: is the target found among the chunks it could be confused with?"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gates.contracts import IntArray, PredictorAnswers, Samples, Values
from gates.intervals import summarise
from gates.windows import context_rows
from schemas.records.evidence import Metric
from schemas.records.metrics import POOLS, RECALL_AT

if TYPE_CHECKING:
    import torch

    from gates.options import Backend

NAME = "retrieval"


@dataclass(frozen=True)
class Retrieval:
    """Ranks of the target in four pools.

    ``bank``: all bank rows; ``article``: rows of the target's article; ``_unseen``: the same
    without the L context rows. Arrays per pool: ``<pool>.rank`` and ``<pool>.optimistic`` (S,),
    1 is best, and ``<pool>.size`` (S,), the number of candidates with the target among them.

    Attributes:
        backend: library for the bulk product over the bank; the ranks do not depend on it.
        device: where torch makes it.
    """

    backend: "Backend"
    device: "torch.device"
    name: str = NAME

    def measure(self, answers: PredictorAnswers) -> Samples:
        """Rank every target by inner product with the base prediction."""
        # Only here: recorded ranks are scored again by programs that must start without torch.
        from gates.ranks import article_rivals, bank_rivals, context_rivals

        targets, contexts = answers.target_rows, context_rows(answers.last_rows, answers.window.context)
        seen = context_rivals(answers.base, answers.bank, targets, contexts)
        article = article_rivals(answers.base, answers.bank, targets)
        bank = bank_rivals(answers.base, answers.bank, targets, backend=self.backend, device=self.device)
        article_size = answers.bank.article_last[targets] - answers.bank.article_first[targets] + 1
        bank_size = np.full_like(article_size, answers.bank.rows)
        pools = {
            "bank": (bank, bank_size),
            "bank_unseen": (bank.without(seen), bank_size - answers.window.context),
            "article": (article, article_size),
            "article_unseen": (article.without(seen), article_size - answers.window.context),
        }
        arrays: dict[str, IntArray] = {}
        for pool, (rivals, size) in pools.items():
            arrays[f"{pool}.rank"] = rivals.pessimistic
            arrays[f"{pool}.optimistic"] = rivals.optimistic
            arrays[f"{pool}.size"] = size
        return Samples(np.arange(len(targets)), answers.bank.articles[targets], arrays)

    def values(self, samples: Samples) -> dict[str, Values]:
        """As :func:`retrieval_values`."""
        return retrieval_values(samples)

    def score(self, samples: Samples, confidence: float) -> dict[str, Metric]:
        """R@k, chance, MRR, median ranks and tie share of every pool."""
        return summarise(self.values(samples), confidence)


def retrieval_values(samples: Samples) -> dict[str, Values]:
    """R@k, chance, reciprocal ranks, ranks and ties of every pool.

    R@k is the share with pessimistic rank <= k; chance is the mean of min(k, size) / size.
    """
    found: dict[str, Values] = {}
    articles = samples.articles
    for pool in POOLS:
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
    return found
