"""What an audit says the articles can show, against the gates on the same windows."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
import torch

from gatekeeper.data.audit.power import find_power
from gates.contracts import Bank, Dataset, Queries, Window
from gates.options import Options
from gates.suite import measure, prepare
from gates.windows import make_dataset, window_rows
from schemas.reading.policy import load_policy
from schemas.records.metrics import BITS_KNOWN
from tests.gatekeeper.data.audit.audits import SPLITS, UNDEMANDING, audited


def forward_data(bank: Bank, context: int = 5) -> Dataset:
    window = Window(context, 1)
    return make_dataset(
        bank, {name: window_rows(bank, each, window) for name, each in SPLITS.items()}, window
    )


class Copy:
    """The last chunk and a quarter of the one before, without the mean row."""

    name, device, weight_format, reads_targets = "copy", torch.device("cpu"), None, False

    def __init__(self, bank: Bank) -> None:
        self.mean = torch.from_numpy(bank.vectors[np.isin(bank.articles, SPLITS["train"])].mean(axis=0))

    def predict(self, queries: Queries) -> torch.Tensor:
        last, before = queries.contexts[:, -1], queries.contexts[:, -2]
        return (last - self.mean) + 0.25 * (before - self.mean)


def test_it_is_the_gain_of_a_weighted_copy_over_the_last_chunk(forward: Bank) -> None:
    dataset = forward_data(forward)
    options = Options(min_samples=1, min_articles=1, max_per_article=20)
    found = find_power(dataset, options)
    assert list(found) == ["val", "ood"]
    bench = prepare(dataset, options, lambda count: None)
    evidence = bench.evidence(measure(bench, Copy(forward), lambda count: None))
    for split, power in found.items():
        gain = evidence.gains["copy_last"][split][BITS_KNOWN]
        assert power.rival == "copy_last"
        assert power.gain is not None
        assert gain.value is not None
        assert gain.low is not None
        # 12 equal articles: the half width is t standard errors, and what is detectable as many as make t
        # the noncentral t's quantile at 0.2.
        critical = float(scipy.stats.t.ppf(0.975, 11))
        errors = critical * power.gain / (gain.value - gain.low)
        assert scipy.stats.nct.sf(critical, 11, errors) == pytest.approx(0.8, abs=1e-4)


def test_the_windows_are_those_that_the_policy_draws(forward: Bank) -> None:
    few = audited(forward, policy=replace(UNDEMANDING, max_per_article=5))
    assert few.power == find_power(forward_data(forward), Options(max_per_article=5))
    assert few.power != audited(forward).power


def test_a_context_of_one_chunk_has_none_before_it(forward: Bank) -> None:
    found = find_power(forward_data(forward, context=1), Options())
    assert all(power.gain is not None for power in found.values())


def test_articles_too_few_for_the_policys_intervals_are_a_problem(forward: Bank) -> None:
    splits = {"train": np.arange(20), "val": np.arange(20, 31), "ood": np.arange(31, 60)}
    skill = load_policy("skill").policy
    few = "val has 11 articles, fewer than the 12 an interval needs to decide, and the policy skill decides"
    assert any(problem.startswith(few) for problem in audited(forward, splits, policy=skill).problems)
    assert not any("an interval needs" in problem for problem in audited(forward, splits).problems)
    assert not any("an interval needs" in problem for problem in audited(forward, policy=skill).problems)
