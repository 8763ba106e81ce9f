"""Gate B, intervals included, against brute force over the bank."""

from dataclasses import replace
from typing import Literal

import pytest

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
