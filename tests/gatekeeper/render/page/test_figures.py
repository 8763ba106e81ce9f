"""Readings of a report for plots: what is undefined stays undefined, and nothing breaks an axis."""

import math
from dataclasses import replace

import pytest

from gatekeeper.render.page.figures import (
    arms,
    cell,
    defined,
    estimate,
    find,
    missing,
    raw,
    reach,
    splits_of,
    thresholds,
    values,
)
from schemas.records.evidence import Metric, Metrics
from schemas.records.report import Report
from tests.gatekeeper.render.page.pages import report_of
from tests.gatekeeper.render.rulings import CHAMPION_RULES, CHECKS, HEAD, MARGIN, make_evidence

FULL = Metric(0.5, 0.4, 0.7, 300, 20)
BARE = Metric(0.5, None, None, 300, 1)
NONE = Metric(None, None, None, 0, 0, "no window fits")
METRICS: Metrics = {"val": {"a": FULL, "b": NONE}, "ood": {"b": NONE}}


def test_the_splits_are_those_of_the_model_without_the_pair() -> None:
    assert splits_of(report_of()) == ("val", "ood")


@pytest.mark.parametrize(
    ("split", "name", "found", "given"),
    [
        ("val", "a", FULL, FULL),
        ("val", "b", None, NONE),
        ("val", "c", None, None),
        ("test", "a", None, None),
    ],
)
def test_a_metric_is_found_where_it_has_a_value(
    split: str, name: str, found: Metric | None, given: Metric | None
) -> None:
    assert find(METRICS, split, name) == found
    assert raw(METRICS, split, name) == given


def test_what_has_no_value_is_left_out_of_a_curve() -> None:
    curve = values(METRICS, "val", ("a", "b", "c"))
    assert curve[0] == 0.5
    assert all(map(math.isnan, curve[1:]))
    assert math.isnan(estimate(NONE))
    assert defined(METRICS, "val", ("b", "a"))
    assert not defined(METRICS, "ood", ("a", "b"))


@pytest.mark.parametrize(
    ("metric", "ends", "below", "above"),
    [
        (FULL, (0.4, 0.7), 0.1, 0.2),
        (BARE, (0.5, 0.5), 0.0, 0.0),
        (replace(FULL, low=0.6), (0.6, 0.7), 0.0, 0.2),  # an interval need not hold its estimate
        (replace(FULL, low=-1.7e308, high=1.7e308), (-1e9, 1e9), 1e9 + 0.5, 1e9 - 0.5),
    ],
)
def test_an_interval_has_two_arms_that_are_never_negative(
    metric: Metric, ends: tuple[float, float], below: float, above: float
) -> None:
    assert reach(metric) == ends
    assert [arm for (arm,) in arms(metric)] == pytest.approx([below, above])


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        (FULL, "0.500 [0.400, 0.700]"),
        (BARE, "0.500"),
        (NONE, "undefined: no window fits"),
        (replace(NONE, reason=""), "undefined: no reason given"),
        (None, "not measured"),
    ],
)
def test_a_cell_says_the_figure_or_why_there_is_none(metric: Metric | None, text: str) -> None:
    assert cell(metric) == text


TWICE = "".join(
    f'[[check]]\ngate = "{gate}"\nmetric = "{MARGIN}"\nsplits = ["val"]\nmin = {low}\nmax = {high}\n'
    for gate, low, high in (("offset_sweep", 0.01, 0.9), ("backward_bias", 0.02, 0.8))
)


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        (HEAD + CHECKS, (0.05,)),
        (HEAD + CHECKS + CHAMPION_RULES, (0.05,)),  # a rule on a gain is no bound of the metric
        (HEAD.replace("passed = 2", "passed = 1") + TWICE, (0.01, 0.9, 0.02)),
    ],
)
def test_a_plot_draws_the_first_distinct_thresholds(policy: str, found: tuple[float, ...]) -> None:
    report = report_of(policy=policy)
    assert thresholds(report, MARGIN, "val") == found
    assert thresholds(report, "offset_sweep.cos", "val") == ()


def emptied(report: Report, split: str, reason: str | None) -> Report:
    """A report whose margin on a split is undefined for a reason, or not measured at all."""
    rows = dict(report.evidence.model[split])
    del rows[MARGIN]
    if reason is not None:
        rows[MARGIN] = replace(NONE, reason=reason)
    model = {**report.evidence.model, split: rows}
    return replace(report, evidence=replace(report.evidence, model=model))


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("no window fits", "There is no margin on ood: no window fits."),
        (None, "There is no margin on ood: the report holds no figures for it."),
    ],
)
def test_a_split_without_a_figure_is_named_with_the_reason(reason: str | None, sentence: str) -> None:
    report = report_of(make_evidence())
    assert missing(report, "margin", [MARGIN]) == ()
    assert missing(emptied(report, "ood", reason), "margin", [MARGIN]) == (sentence,)
