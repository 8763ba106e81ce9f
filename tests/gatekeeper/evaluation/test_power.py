"""What a report says its articles can show, against a plain reading of the scores."""

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats

from gatekeeper.evaluation.power import find_power
from gates.suite import Bench, Measurement, measure, prepare
from schemas.reading.power import power_problems
from schemas.records.evidence import RIVALS
from schemas.records.metrics import BITS_KNOWN
from tests.gatekeeper.evaluation.test_illustrations import OPTIONS, Model, make_bank, make_data, quiet


@pytest.fixture(scope="module")
def bench() -> Bench:
    return prepare(make_data(make_bank(texts=False)), OPTIONS, quiet)


@pytest.fixture(scope="module")
def measured(bench: Bench) -> Measurement:
    return measure(bench, Model(), quiet)


def detected(true: float, spread: float, articles: int) -> float:
    """How often a mean over equal articles is shown to lie above zero: the noncentral t's tail."""
    critical = scipy.stats.t.ppf(0.975, articles - 1)
    tail = scipy.stats.nct.sf(critical, articles - 1, true * math.sqrt(articles) / spread)
    return float(tail)


@pytest.mark.parametrize("split", ["val", "ood"])
def test_it_is_that_of_the_gain_over_the_best_control(
    bench: Bench, measured: Measurement, split: str
) -> None:
    """Articles are of equal length here, so their means are equal draws."""
    evidence = bench.evidence(measured)
    found = find_power(bench, measured, evidence)[split]
    bits = {name: evidence.controls[name][split][BITS_KNOWN].value or 0.0 for name in RIVALS}
    assert found.rival == max(bits, key=lambda name: bits[name])
    samples = measured.samples[split]["retrieval"]
    gains = samples.arrays["bits"] - bench.rivals[found.rival][split][BITS_KNOWN].values
    means = [gains[samples.articles == article].mean() for article in np.unique(samples.articles)]
    assert found.gain is not None
    assert detected(found.gain, float(np.std(means, ddof=1)), len(means)) == pytest.approx(0.8, abs=1e-6)
    sweep = measured.samples[split]["offset_sweep"]
    lead = sweep.arrays["cosines"][:, 3:4] - np.delete(sweep.arrays["cosines"], 3, axis=1)
    owners = np.unique(sweep.articles)
    columns = np.array([lead[sweep.articles == each].mean(axis=0, dtype=np.float64) for each in owners])
    half = scipy.stats.t.ppf(0.975, len(owners) - 1) * columns.std(axis=0, ddof=1) / math.sqrt(len(owners))
    low, least = (columns.mean(axis=0) - half).min(), columns.mean(axis=0).min()
    spread = (least - low) * math.sqrt(len(owners)) / scipy.stats.t.ppf(0.975, len(owners) - 1)
    assert found.margin is not None
    assert detected(found.margin, spread, len(owners)) == pytest.approx(0.8, abs=1e-4)


def test_a_control_is_told_by_its_gain_over_others_and_a_reader_accepts_all(bench: Bench) -> None:
    for name in ("copy_mix", "constant"):
        itself = measure(bench, bench.controls[name], quiet)
        evidence = bench.evidence(itself)
        power = find_power(bench, itself, evidence)
        assert power.keys() == {"val", "ood"}
        assert all(each.rival not in (None, name) for each in power.values())
        assert list(power_problems(replace(evidence, power=power))) == []
