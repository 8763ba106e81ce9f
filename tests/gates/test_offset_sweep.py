"""Gate A, intervals included, against its definition, sample by sample."""

import pytest

from schemas.records.metrics import OFFSETS
from schemas.records.splits import EVALUATED
from tests.gates import naive, naive_intervals
from tests.gates.cases import CONFIDENCE, EVERY_CASE, Case, same, same_mean


@EVERY_CASE
@pytest.mark.parametrize("split", EVALUATED)
def test_it_agrees_with_its_definition(case: Case, split: str) -> None:
    world, metrics = case.world, case.measured.metrics[split]
    found = [(a, naive.offset_cosines(world, a, c), c) for a, c in case.places(split)]
    rows = [(a, cosines, c) for a, cosines, c in found if cosines is not None]
    assert len(rows) > 10
    articles = [a for a, _, _ in rows]
    for k in OFFSETS:
        same_mean(metrics[f"offset_sweep.cos@{k:+d}"], [c[k] for _, c, _ in rows], articles)
    same_mean(metrics["offset_sweep.cos"], [c[0] for _, c, _ in rows], articles)
    same_mean(metrics["offset_sweep.margin_prev"], [c[0] - c[-1] for _, c, _ in rows], articles)
    last = [c[0] - naive.last_cosine(world, a, end) for a, c, end in rows]
    same_mean(metrics["offset_sweep.margin_last"], last, articles)
    rivals = [[c[0] - c[k] for _, c, _ in rows] for k in OFFSETS if k != 0]
    margin = naive_intervals.of_least(rivals, articles, CONFIDENCE)
    same(metrics["offset_sweep.margin"], margin, articles)
    means = {k: sum(c[k] for _, c, _ in rows) / len(rows) for k in OFFSETS}
    assert margin[0] == pytest.approx(means[0] - max(means[k] for k in OFFSETS if k != 0))
    peak = max(means, key=lambda k: means[k])
    # An offset belongs to the span unless the peak lies significantly above it.
    lead = {
        k: naive_intervals.of_mean([c[peak] - c[k] for _, c, _ in rows], articles, CONFIDENCE)
        for k in OFFSETS
    }
    near = [k for k in OFFSETS if lead[k][1] <= 0.0]
    same(metrics["offset_sweep.peak_offset"], (peak, min(near), max(near)), articles)
    wins = [c[0] > c[-1] for _, c, _ in rows]
    win_rate = naive_intervals.of_share(wins, articles, CONFIDENCE)
    same(metrics["offset_sweep.win_rate_prev"], win_rate, articles)
