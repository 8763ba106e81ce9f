"""Gate B, intervals included, against brute force over the bank."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from schemas.records.evidence import Metric
from schemas.records.metrics import POOLS, RECALL_AT
from tests.gates import naive, naive_intervals
from tests.gates.cases import CONFIDENCE, EVERY_CASE, OPTIONS, Case, same, same_mean
from tests.gates.conftest import run_all


@EVERY_CASE
@pytest.mark.parametrize("backend", ["faiss", "torch"])
def test_it_agrees_with_its_definition(case: Case, backend: Literal["faiss", "torch"]) -> None:
    split = "ood" if backend == "faiss" else "val"
    measured = run_all(case.dataset, case.model, replace(OPTIONS, retrieval=backend))
    metrics, samples = measured.metrics[split], measured.samples[split]["retrieval"].arrays
    articles = [a for a, _ in case.places(split)]
    for pool in POOLS:
        found = [naive.rank(case.world, a, c, pool) for a, c in case.places(split)]
        ranks, lucky = [r.pessimistic for r in found], [r.optimistic for r in found]
        assert samples[f"{pool}.rank"].tolist() == ranks
        assert samples[f"{pool}.optimistic"].tolist() == lucky
        assert samples[f"{pool}.size"].tolist() == [r.size for r in found]
        for k in RECALL_AT:
            hits = [rank <= k for rank in ranks]
            recall = naive_intervals.of_share(hits, articles, CONFIDENCE)
            same(metrics[f"retrieval.{pool}.r@{k}"], recall, articles)
            chance = [min(k, r.size) / r.size for r in found]
            same_mean(metrics[f"retrieval.{pool}.chance@{k}"], chance, articles)
        same_mean(metrics[f"retrieval.{pool}.mrr"], [1 / rank for rank in ranks], articles)
        for name, places in (("median_rank", ranks), ("median_rank_optimistic", lucky)):
            median = naive_intervals.of_median(places, articles, CONFIDENCE)
            same(metrics[f"retrieval.{pool}.{name}"], median, articles)
        ties = [r.pessimistic > r.optimistic for r in found]
        tie_share = naive_intervals.of_share(ties, articles, CONFIDENCE)
        same(metrics[f"retrieval.{pool}.tie_share"], tie_share, articles)


@EVERY_CASE
def test_what_is_known_agrees_with_its_definition(case: Case) -> None:
    metrics = case.measured.metrics["val"]
    arrays = case.measured.samples["val"]["retrieval"].arrays
    world, places = case.world, case.places("val")
    articles = [a for a, _ in places]
    mean = np.mean(list(world.chunks.values()), axis=0)
    plain = [naive.pool_scores(world, a, c) for a, c in places]
    assert arrays["targets.size"].tolist() == [len(scores) for scores, _ in plain]
    centred = [naive.pool_scores(world, a, c, mean) for a, c in places]
    for name, scored in (("bits", plain), ("bits_centred", centred)):
        same_known(metrics[f"retrieval.article_unseen.{name}"], naive.bits(scored, articles), articles)
    beaten = [
        sum(0.5 if abs(rival - target) <= 1e-12 else float(rival < target) for rival in scores)
        for scores, target in plain
    ]
    sizes = [len(scores) for scores, _ in plain]
    # The target ties with itself, which counts one half too much.
    auc = [(b - 0.5) / (n - 1) if n > 1 else None for b, n in zip(beaten, sizes, strict=True)]
    same_known(metrics["retrieval.article_unseen.auc"], auc, articles)
    lift = [target - sum(scores) / len(scores) if len(scores) > 1 else None for scores, target in plain]
    same_known(metrics["offset_sweep.lift"], lift, articles)


def same_known(metric: Metric, found: list[float | None], articles: list[int]) -> None:
    """The mean of what is defined."""
    kept = [(value, a) for value, a in zip(found, articles, strict=True) if value is not None]
    same_mean(metric, [value for value, _ in kept], [a for _, a in kept])


@EVERY_CASE
def test_the_seeds_own_pool_is_the_context_and_the_target(case: Case) -> None:
    metrics, world = case.measured.metrics["val"], case.world
    articles = [a for a, _ in case.places("val")]
    hits = []
    for article, last in case.places("val"):
        prediction = world.predict(article, last)
        target = float(prediction @ world.chunks[article, last + world.horizon])
        rivals = [float(prediction @ chunk) for chunk in world.window(article, last)]
        hits.append(1 + sum(rival >= target - 1e-12 for rival in rivals) <= 5)
    recall = naive_intervals.of_share(hits, articles, CONFIDENCE)
    same(metrics["retrieval.seed_pool.r@5"], recall, articles)
    assert metrics["retrieval.seed_pool.chance@5"].value == pytest.approx(min(1.0, 5 / (world.context + 1)))
