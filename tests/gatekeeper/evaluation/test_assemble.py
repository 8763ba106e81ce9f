"""The knobs of an evaluation, and what its report binds the measurement to."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from gatekeeper.config.sections import EvalConfig
from gatekeeper.evaluation.assemble import make_options, make_report, score_arrays
from gatekeeper.evaluation.model import control_candidate
from gates.suite import Bench, Measurement, measure, prepare
from gates.windows import rows_digest
from schemas.errors import UsageError
from schemas.reading.policy import load_policy
from schemas.records.policy import ControlRule
from tests.gatekeeper.evaluation.test_illustrations import OPTIONS, make_bank, make_data, quiet

POLICY = load_policy("seed-5cat")


@pytest.fixture(scope="module")
def bench() -> Bench:
    return prepare(make_data(make_bank(texts=False)), OPTIONS, quiet)


@pytest.fixture(scope="module")
def measurement(bench: Bench) -> Measurement:
    return measure(bench, bench.controls["copy_last"], quiet)


def test_the_options_are_the_configurations_and_the_minima_the_policys() -> None:
    chosen = EvalConfig(seed=3, max_samples=50, device="cpu", batch_size=7, retrieval="torch")
    options = make_options(chosen, POLICY.policy)
    assert (options.seed, options.max_samples, options.batch_size) == (3, 50, 7)
    assert (options.retrieval, options.device.type) == ("torch", "cpu")
    assert options.min_samples == POLICY.policy.min_samples
    assert options.min_articles == POLICY.policy.min_articles
    with pytest.raises(UsageError, match="the seed must lie in 0"):
        make_options(EvalConfig(seed=-1), POLICY.policy)


def test_a_report_names_everything_it_depends_on(bench: Bench, measurement: Measurement) -> None:
    model = control_candidate("control:copy_last", bench.controls).info
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    report = make_report(bench, model, measurement, POLICY, "flag", config="own.toml", now=now)
    assert report.created == "2026-01-02T03:04:05Z"
    assert (report.inputs.model, report.inputs.config) == (model, "own.toml")
    assert report.inputs.policy_sha256 == POLICY.sha256
    assert report.inputs.bank.sha256 == bench.dataset.bank.sha256
    for name, split in report.inputs.splits.items():
        rows = bench.dataset.splits[name].last_rows
        assert (split.windows, split.sha256) == (len(rows), rows_digest(rows))
        assert split.articles == len(np.unique(bench.dataset.bank.articles[rows]))
        assert split.dominating is None  # three equal articles
        assert (split.sampled, split.sample_sha256) == (len(rows), rows_digest(bench.sampled[name]))
    assert report.inputs.train_sha256 == rows_digest(bench.dataset.splits["train"].last_rows)
    assert (report.settings.horizon_source, report.settings.ridge) == ("flag", bench.ridge)
    assert report.evidence.model == measurement.metrics
    assert report.evidence.power.keys() == set(report.inputs.splits)
    assert report.scores is None


def test_the_scores_of_a_gate_are_found_by_split_and_name(bench: Bench, measurement: Measurement) -> None:
    arrays = score_arrays(bench, measurement)
    for split, rows in bench.sampled.items():
        assert np.array_equal(arrays[f"{split}.last_rows"], rows)
        assert np.array_equal(arrays[f"{split}.articles"], bench.dataset.bank.articles[rows])
        for gate, samples in measurement.samples[split].items():
            assert np.array_equal(arrays[f"{split}.{gate}.index"], samples.index)
            for name, array in samples.arrays.items():
                assert np.array_equal(arrays[f"{split}.{gate}.{name}"], array)
    parts = sum(1 + len(each.arrays) for gates in measurement.samples.values() for each in gates.values())
    assert len(arrays) == 2 * len(bench.sampled) + parts


@pytest.mark.parametrize("pool", ["bank", "bank_unseen"])
def test_controls_are_searched_in_the_bank_where_the_policy_reads_it_or_all_is_asked(
    pool: str,
) -> None:
    policy, chosen = POLICY.policy, EvalConfig(device="cpu")
    assert not make_options(chosen, policy).search_controls
    assert make_options(chosen, policy, full=True).search_controls
    rule = replace(policy.checks[0], gate="retrieval", metric=f"retrieval.{pool}.mrr")
    assert make_options(chosen, replace(policy, checks=(*policy.checks, rule))).search_controls
    own = ControlRule("ridge", f"retrieval.{pool}.r@5", ("val",), above=0.0, min_gain=None)
    assert make_options(chosen, replace(policy, controls=(own,))).search_controls
    elsewhere = replace(own, metric="retrieval.article.r@5")
    assert not make_options(chosen, replace(policy, controls=(elsewhere,))).search_controls
