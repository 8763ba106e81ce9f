"""Gate A, intervals included, against its definition, sample by sample."""

import numpy as np
import pytest

from gates.contracts import Samples
from gates.offset_sweep import OffsetSweep
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


@EVERY_CASE
def test_what_was_not_read_and_what_is_copied_agree_with_their_definitions(case: Case) -> None:
    world, metrics = case.world, case.measured.metrics["val"]
    found = [(a, naive.offset_cosines(world, a, c), c) for a, c in case.places("val")]
    rows = [(a, cosines, c) for a, cosines, c in found if cosines is not None]
    articles = [a for a, _, _ in rows]
    read = {-case.horizon - place for place in range(world.context)}
    rivals = [[c[0] - c[k] for _, c, _ in rows] for k in OFFSETS if k != 0 and k not in read]
    assert len(rivals) >= 3  # what comes after the target was never read
    margin = naive_intervals.of_least(rivals, articles, CONFIDENCE)
    same(metrics["offset_sweep.margin_unseen"], margin, articles)
    mine = [naive.nearest_read(world, a, c, world.predict(a, c)) for a, _, c in rows]
    theirs = [naive.nearest_read(world, a, c, world.chunks[a, c + case.horizon]) for a, _, c in rows]
    mean = sum(theirs) / len(theirs)
    ratio = sum(mine) / sum(theirs)
    # The delta method: a ratio varies as the mean of its residuals over the mean below does.
    residuals = [ratio + (x - ratio * y) / mean for x, y in zip(mine, theirs, strict=True)]
    same_mean(metrics["offset_sweep.copying"], residuals, articles)


def test_copying_is_undefined_where_targets_are_not_like_what_was_read() -> None:
    arrays = {
        "cosines": np.zeros((4, 7)),
        "last": np.zeros(4),
        "unseen": np.ones((4, 7), dtype=np.bool_),
        "nearest": np.full(4, 0.3),
        "nearest_target": np.full(4, 0.04),
    }
    metric = OffsetSweep().score(Samples(np.arange(4), np.arange(4), arrays), 0.95)["offset_sweep.copying"]
    assert (metric.value, metric.n) == (None, 0)
    assert metric.reason == (
        "targets are hardly like what was read: 0.040, and less than 0.05 says nothing of copying"
    )
