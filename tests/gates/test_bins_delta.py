"""Gate E, intervals included, against its definition, sample by sample."""

import pytest

from schemas.records.metrics import BINS
from schemas.records.splits import EVALUATED, PAIR
from tests.gates import naive, naive_intervals
from tests.gates.cases import CLOSE, CONFIDENCE, EVERY_CASE, Case, same_mean


@EVERY_CASE
def test_it_agrees_with_its_definition(case: Case) -> None:
    metrics = case.measured.metrics
    cosines: dict[str, list[tuple[float, int, str]]] = {}
    for split in EVALUATED:
        rows = cosines[split] = [
            (naive.target_cosine(case.world, a, c), a, naive.coherence_bin(case.world, a, c))
            for a, c in case.places(split)
        ]
        same_mean(metrics[split]["bins_delta.cos"], [v for v, _, _ in rows], [a for _, a, _ in rows])
        for name in BINS:
            inside = [(v, a) for v, a, found in rows if found == name]
            same_mean(
                metrics[split][f"bins_delta.{name}.cos"], [v for v, _ in inside], [a for _, a in inside]
            )
        # No sample is dropped.
        assert sum(metrics[split][f"bins_delta.{name}.cos"].n for name in BINS) == len(rows)
    for wanted in (None, *BINS):
        kept = {s: [(v, a) for v, a, found in cosines[s] if wanted in (None, found)] for s in EVALUATED}
        val, ood = (([v for v, _ in kept[s]], [a for _, a in kept[s]]) for s in EVALUATED)
        metric = metrics[PAIR]["bins_delta.delta" if wanted is None else f"bins_delta.{wanted}.delta"]
        if not val[0] or not ood[0]:
            assert metric.value is None
            assert metric.reason == "no sample in one of the two splits"
        elif min(len(set(val[1])), len(set(ood[1]))) < 2:
            gap = abs(sum(val[0]) / len(val[0]) - sum(ood[0]) / len(ood[0]))
            assert metric.value == pytest.approx(gap, abs=CLOSE)
            assert (metric.low, metric.high) == (None, None)
        else:
            expected = naive_intervals.of_gap(*val, *ood, CONFIDENCE)
            assert (metric.value, metric.low, metric.high) == pytest.approx(expected, abs=CLOSE)
