"""Gains over controls: the mean of what a model has more, window by window."""

from collections.abc import Callable

import numpy as np
import pytest

from gates.contracts import Dataset
from gates.control_gains import gained_values, gains_over
from gates.suite import Bench, measure, prepare
from schemas.records.evidence import GAINED, ORACLE, RIVALS
from schemas.records.splits import EVALUATED
from tests.gates.conftest import OPTIONS, Mixer, quiet


@pytest.fixture(scope="module")
def bench(make_data: Callable[..., Dataset]) -> Bench:
    return prepare(make_data(), OPTIONS, quiet)


def test_a_gain_is_the_difference_of_the_two_metrics_on_their_windows(
    bench: Bench, make_mixer: Callable[..., Mixer]
) -> None:
    model = measure(bench, make_mixer(bench.dataset), quiet)
    evidence = bench.evidence(model)
    assert list(evidence.gains) == list(evidence.oracle_gains) == list(RIVALS)
    for gains, mine in (
        (evidence.gains, evidence.model),
        (evidence.oracle_gains, evidence.controls[ORACLE]),
    ):
        for control in RIVALS:
            assert set(gains[control]) == set(EVALUATED)
            for split in EVALUATED:
                assert set(gains[control][split]) == set(GAINED)
                for name, gain in gains[control][split].items():
                    theirs, own = evidence.controls[control][split][name], mine[split][name]
                    assert gain.value == pytest.approx((own.value or 0) - (theirs.value or 0), abs=1e-12)
                    assert (gain.n, gain.articles) == (own.n, own.articles)
                    assert gain.low is not None
                    assert gain.high is not None
                    assert gain.low <= (gain.value or 0) <= gain.high


@pytest.mark.parametrize("control", RIVALS)
def test_a_control_gains_nothing_over_itself(bench: Bench, control: str) -> None:
    found = bench.evidence(measure(bench, bench.controls[control], quiet)).gains[control]
    for split in EVALUATED:
        assert {name: gain.value for name, gain in found[split].items()} == dict.fromkeys(GAINED, 0.0)


def test_windows_are_paired_and_articles_clustered(bench: Bench, make_mixer: Callable[..., Mixer]) -> None:
    """Naively: t times the spread of the articles' sums of differences."""
    mine = gained_values(measure(bench, make_mixer(bench.dataset), quiet).samples)
    gain = gains_over(bench.rivals, mine, 0.95)["copy_last"]["val"]["offset_sweep.cos"]
    first, second = (each["val"]["offset_sweep.cos"] for each in (bench.rivals["copy_last"], mine))
    assert np.array_equal(first.articles, second.articles)
    more = [float(b) - float(a) for a, b in zip(first.values, second.values, strict=True)]
    assert gain.value == pytest.approx(sum(more) / len(more))
    assert gain.n == len(more)
