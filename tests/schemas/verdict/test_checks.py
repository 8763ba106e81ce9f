import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records.evidence import Metric, Metrics
from schemas.records.judgement import Check, Status
from schemas.records.policy import ChampionRule, PolicyCheck, Severity
from schemas.records.splits import PAIR
from schemas.verdict.checks import decide, gate_status, measured_splits, run_champion_checks, run_checks
from tests.schemas.even import even
from tests.schemas.verdict.lines import MARGIN, line, only, policy

PEAK = line(0.0, 0.0, metric="offset_sweep.peak_offset")


@pytest.mark.parametrize(
    ("rows", "low", "high", "status"),
    [
        (line(low=0.5), 0.5, 0.5, "pass"),
        (line(low=0.5), 0.4, 0.4, "fail"),
        (line(low=0.5), 0.5, 0.9, "pass"),
        (line(low=0.5), 0.1, 0.5, "inconclusive"),
        (line(low=0.5), 0.1, 0.49, "fail"),
        (line(high=0.5), 0.5, 0.5, "pass"),
        (line(high=0.5), 0.1, 0.6, "inconclusive"),
        (line(high=0.5), 0.51, 0.6, "fail"),
        (line(high=0.5), 0.5, 0.6, "inconclusive"),
        (line(above=0.0), 0.0, 0.0, "fail"),
        (line(above=0.0), 0.0, 0.1, "inconclusive"),
        (line(above=0.0), -0.1, 0.0, "fail"),
        (line(above=0.0), 0.01, 0.1, "pass"),
        (line(low=0.0, high=0.0), 0.0, 0.0, "pass"),
        (line(low=0.0, high=0.0), -1.0, 0.0, "inconclusive"),
        (line(low=0.0, high=0.0), -2.0, -1.0, "fail"),
        (line(low=0.0, high=1.0), -1.0, 2.0, "inconclusive"),
        (line(low=0.0), math.nan, math.nan, "inconclusive"),
        (line(low=0.0), 1.0, math.nan, "inconclusive"),
        (line(high=0.0), math.nan, -1.0, "inconclusive"),
    ],
)
def test_decide_compares_a_span_with_the_bounds(
    rows: PolicyCheck, low: float, high: float, status: Status
) -> None:
    assert decide(rows, low, high) == status


@pytest.mark.parametrize(
    ("rows", "metric", "decide_by", "status", "sentence"),
    [
        (
            line(low=0.05), even(-0.034, -0.041, -0.027, 400, 20), "point", "fail",
            "offset_sweep.margin on ood is -0.034 [-0.041, -0.027], below the required 0.050",
        ),
        (
            line(low=0.05), even(0.073, 0.06, 0.086, 400, 20), "point", "pass",
            "offset_sweep.margin on ood is 0.073 [0.060, 0.086], at least the required 0.050",
        ),
        (
            line(low=0.05), even(0.0499996, 0.04, 0.06, 400, 20), "point", "fail",
            "offset_sweep.margin on ood is 0.0499996 [0.0400000, 0.0600000], below the required 0.0500000",
        ),
        (
            line(high=0.05), even(0.07, None, None, 400, 20, "one article"), "point", "fail",
            "offset_sweep.margin on ood is 0.070, above the allowed 0.050",
        ),
        (
            line(high=0.05), even(-0.01, -0.02, 0.0, 400, 20), "point", "pass",
            "offset_sweep.margin on ood is -0.010 [-0.020, 0.000], at most the allowed 0.050",
        ),
        (
            line(above=0.0), even(0.0, -0.1, 0.1, 400, 20), "point", "fail",
            "offset_sweep.margin on ood is 0.000 [-0.100, 0.100], not above 0.000 as required",
        ),
        (
            line(above=0.0, high=0.5), even(0.2, 0.1, 0.3, 400, 20), "point", "pass",
            "offset_sweep.margin on ood is 0.200 [0.100, 0.300], above 0.000 as required "
            "and at most the allowed 0.500",
        ),
        (
            PEAK, even(-1.0, -2.0, 0.0, 400, 20), "point", "fail",
            "offset_sweep.peak_offset on ood is -1 [-2, 0], not the required 0",
        ),
        (
            PEAK, even(0.0, 0.0, 0.0, 400, 20), "bound", "pass",
            "offset_sweep.peak_offset on ood is 0 [0, 0], exactly as required",
        ),
        (
            line(high=0.0), even(4.2e-10, -3e-9, 0.0, 400, 20), "point", "pass",
            "offset_sweep.margin on ood is 4e-10 [-3e-09, 0.000], "
            "within rounding (1e-06) of the allowed 0.000",
        ),
        (
            line(high=0.0), even(4.2e-6, -3e-9, 0.0, 400, 20), "point", "fail",
            "offset_sweep.margin on ood is 0.000004 [-3e-09, 0.000000], above the allowed 0.000000",
        ),
        (
            line(above=0.0), even(4.2e-7, -3e-9, 1e-6, 400, 20), "point", "fail",
            "offset_sweep.margin on ood is 4e-07 [-3e-09, 0.000001], "
            "not above 0.000000 by more than rounding (1e-06) as required",
        ),
        (
            line(low=0.05), even(0.06, 0.04, 0.08, 400, 20), "bound", "inconclusive",
            "offset_sweep.margin on ood is 0.060 [0.040, 0.080], an interval that reaches across the "
            "threshold 0.050, so it is inconclusive",
        ),
        (
            line(low=0.05), even(0.06, None, None, 400, 20, "one article"), "bound", "inconclusive",
            "offset_sweep.margin on ood is 0.060, but has no interval (one article), so it is inconclusive",
        ),
        (
            line(low=0.05), even(0.02, 0.01, 0.03, 400, 20), "bound", "fail",
            "offset_sweep.margin on ood is 0.020 [0.010, 0.030], below the required 0.050",
        ),
        (
            line(low=0.05), even(0.06, 0.07, 0.08, 400, 20), "bound", "error",
            "offset_sweep.margin on ood is 0.06, outside its own interval [0.07, 0.08]",
        ),
        (
            line(low=0.05), even(0.06, math.nan, math.nan, 400, 20), "bound", "error",
            "offset_sweep.margin on ood is 0.06, outside its own interval [nan, nan]",
        ),
        (
            line(low=0.05), even(None, None, None, 0, 0, "no window"), "point", "skipped",
            "offset_sweep.margin on ood is undefined: no window",
        ),
        (
            line(low=0.05), even(math.nan, None, None, 400, 20), "point", "error",
            "offset_sweep.margin on ood is nan, which is not a finite number",
        ),
        (
            line(low=0.05), even(math.inf, None, None, 400, 20), "point", "error",
            "offset_sweep.margin on ood is inf, which is not a finite number",
        ),
        (
            line(low=0.05), even(0.9, 0.8, 1.0, 99, 20), "point", "error",
            "offset_sweep.margin on ood rests on 99 samples, fewer than the 100 the policy needs",
        ),
        (
            line(low=0.05), even(0.9, 0.8, 1.0, 100, 4), "point", "error",
            "offset_sweep.margin on ood rests on 4 articles, fewer than the 5 the policy needs",
        ),
    ],
)  # fmt: skip
def test_a_check_says_what_it_found_in_one_sentence(
    rows: PolicyCheck, metric: Metric, decide_by: str, status: Status, sentence: str
) -> None:
    assert only(rows, metric, decide_by) == (status, sentence)


@pytest.mark.parametrize("metrics", [{}, {"ood": {}}, {"val": {MARGIN: even(0.9, 0.8, 1.0, 400, 20)}}])
def test_what_was_not_measured_is_skipped(metrics: Metrics) -> None:
    (check,) = run_checks(metrics, policy(line(low=0.05)))
    assert (check.status, check.sentence) == ("skipped", "offset_sweep.margin on ood was not measured")


def test_checks_come_in_the_policys_order_with_its_bounds() -> None:
    rows = (line(low=0.1, splits=("ood", "val")), line(high=0.2, above=0.0, metric="ablations.reverse"))
    checks = run_checks({}, policy(*rows))
    assert [(c.gate, c.metric, c.split, c.minimum, c.maximum, c.above, c.required) for c in checks] == [
        ("offset_sweep", MARGIN, "ood", 0.1, None, None, False),
        ("offset_sweep", MARGIN, "val", 0.1, None, None, False),
        ("ablations", "ablations.reverse", "ood", None, 0.2, 0.0, False),
    ]


def check_of(gate: str, status: Status, severity: Severity = "error") -> Check:
    return Check(
        gate=gate,
        metric=MARGIN,
        split="ood",
        value=0.1,
        low=None,
        high=None,
        minimum=0.0,
        maximum=None,
        above=None,
        required=False,
        severity=severity,
        decide="point",
        status=status,
        sentence="",
    )


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((), "skipped"),
        (("pass",), "pass"),
        (("pass", "pass"), "pass"),
        (("pass", "skipped"), "skipped"),
        (("skipped", "inconclusive", "pass"), "inconclusive"),
        (("inconclusive", "fail", "skipped"), "fail"),
        (("fail", "error", "pass"), "error"),
        (("pass", "waived"), "waived"),
        (("waived", "skipped"), "skipped"),
    ],
)
def test_a_gate_is_as_good_as_its_worst_check(statuses: tuple[Status, ...], expected: Status) -> None:
    checks = tuple(check_of("rollout", status) for status in statuses)
    others = (check_of("retrieval", "error"), check_of("rollout", "error", severity="warn"))
    assert gate_status("rollout", (*checks, *others)) == expected


def test_splits_come_in_one_order_and_without_the_pair() -> None:
    names = ("zeta", PAIR, "ood", "alpha", "val", "train")
    assert measured_splits({name: {} for name in names}) == ("train", "val", "ood", "alpha", "zeta")


@given(st.floats(-2, 2), st.floats(-2, 2))
def test_a_failed_sentence_never_shows_the_value_as_equal_to_the_bound(value: float, bound: float) -> None:
    bound = round(bound, 2)
    status, sentence = only(line(low=bound), even(value, None, None, 400, 20, "one article"))
    assert status == ("pass" if value >= bound else "fail")
    if status == "fail" and bound - value > 1e-8:
        shown, needed = sentence.split(" is ")[1].split(", below the required ")
        assert float(shown) < float(needed) == bound


def test_a_check_holds_the_estimate_and_both_ends() -> None:
    (check,) = run_checks({"ood": {MARGIN: even(0.1, 0.05, 0.2, 400, 20)}}, policy(line(low=0.0)))
    assert (check.value, check.low, check.high) == (0.1, 0.05, 0.2)
    (missing,) = run_checks({}, policy(line(low=0.0)))
    assert (missing.value, missing.low, missing.high) == (None, None, None)


def test_what_is_undefined_without_a_reason_says_so() -> None:
    assert only(line(low=0.0), even(None, None, None, 400, 20)) == (
        "skipped",
        f"{MARGIN} on ood is undefined: no reason given",
    )
    assert only(line(low=0.0), even(0.1, None, None, 400, 20), "bound") == (
        "inconclusive",
        f"{MARGIN} on ood is 0.100, but has no interval (no reason given), so it is inconclusive",
    )


@pytest.mark.parametrize("ends", [(None, 0.2), (0.05, None)])
def test_half_an_interval_decides_nothing(ends: tuple[float | None, float | None]) -> None:
    assert only(line(low=0.0), even(0.1, *ends, 400, 20), "bound")[0] == "inconclusive"


@pytest.mark.parametrize(
    ("rounding", "status"), [({}, "fail"), ({"rounding": 1e-3}, "fail"), ({"rounding": 0.01}, "pass")]
)
def test_a_gain_is_compared_with_zero_within_the_rounding(rounding: dict[str, float], status: Status) -> None:
    rules = dataclasses.replace(
        policy(), champion=(ChampionRule(MARGIN, ("ood",), None, None, max_gain=0.0),)
    )
    gains = {"ood": {MARGIN: Metric(0.005, None, None, 400, 20)}}
    (check,) = run_champion_checks(gains, rules, **rounding)
    assert check.status == status
    assert decide(line(high=0.0), 0.005, 0.005, **rounding) == status
    (mine,) = run_checks(gains, policy(line(high=0.0)), **rounding)
    assert mine.status == status
