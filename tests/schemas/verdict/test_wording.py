"""How a check against its bounds is told, with what shares are rounded, and what a gate is called."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records.evidence import Metric
from schemas.records.judgement import Status
from schemas.records.metrics import GATES
from schemas.records.policy import GROUPS, PolicyCheck
from schemas.verdict.wording import compared, figure, gate_in_words, gate_title, gate_words, share
from tests.schemas.even import even


@pytest.mark.parametrize(
    ("bounds", "metric", "sentence"),
    [
        (
            (0.05, None, None),
            even(0.06, 0.04, 0.08, 400, 20),
            "is 0.060 [0.040, 0.080], an interval that reaches across the threshold 0.050",
        ),
        (
            (0.05, 0.5, None),
            even(0.3, 0.0, 0.6, 400, 20),
            "is 0.300 [0.000, 0.600], an interval that reaches across the threshold 0.050 or 0.500",
        ),
        (
            (None, 0.5, 0.05),
            even(0.3, 0.0, 0.6, 400, 20),
            "is 0.300 [0.000, 0.600], an interval that reaches across the threshold 0.050 or 0.500",
        ),
        (
            (0.5, 0.5, None),
            even(0.5, 0.4, 0.6, 400, 20),
            "is 0.500 [0.400, 0.600], an interval that reaches across the threshold 0.500",
        ),
        (
            (0.0525, None, None),  # as many decimals as the bound needs
            even(0.06, 0.04, 0.08, 400, 20),
            "is 0.0600 [0.0400, 0.0800], an interval that reaches across the threshold 0.0525",
        ),
    ],
)
def test_an_interval_across_its_bounds(
    bounds: tuple[float | None, float | None, float | None], metric: Metric, sentence: str
) -> None:
    low, high, above = bounds
    line = PolicyCheck("rollout", "rollout.avg_cos", ("val",), low, high, above, required=False)
    assert metric.value is not None
    said = compared(line, "val", metric, metric.value, "inconclusive")
    assert said == f"rollout.avg_cos on val {sentence}, so it is inconclusive"


@pytest.mark.parametrize(
    ("bounds", "value", "status", "sentence"),
    [
        # As many decimals as tell the figures apart, in every part of the sentence.
        ((0.0525, None, None), 0.06, "pass", "is 0.0600, at least the required 0.0525"),
        ((None, 0.0525, None), 0.05, "pass", "is 0.0500, at most the allowed 0.0525"),
        ((None, None, 0.0525), 0.06, "pass", "is 0.0600, above 0.0525 as required"),
        (
            (0.0525, 0.2, 0.01),
            0.06,
            "pass",
            "is 0.0600, at least the required 0.0525 and above 0.0100 as required and at most the allowed "
            "0.2000",
        ),
        ((0.0525, None, None), 0.05, "fail", "is 0.0500, below the required 0.0525"),
        ((None, 0.0525, None), 0.06, "fail", "is 0.0600, above the allowed 0.0525"),
        ((None, None, 0.0525), 0.0525, "fail", "is 0.0525, not above 0.0525 as required"),
        (
            (0.1, None, 0.2),
            0.05,
            "fail",
            "is 0.050, below the required 0.100 and not above 0.200 as required",
        ),
        # A bound that is met is not called broken.
        ((0.1, None, 0.2), 0.1, "fail", "is 0.100, not above 0.200 as required"),
        ((None, 0.2, 0.3), 0.2, "fail", "is 0.200, not above 0.300 as required"),
    ],
)
def test_a_figure_beside_its_bounds(
    bounds: tuple[float | None, float | None, float | None], value: float, status: Status, sentence: str
) -> None:
    low, high, above = bounds
    line = PolicyCheck("rollout", "rollout.avg_cos", ("val",), low, high, above, required=False)
    metric = even(value, None, None, 400, 20, "one article")
    assert compared(line, "val", metric, value, status) == f"rollout.avg_cos on val {sentence}"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.0, 0, "0%"),
        (0.001, 0, "<1%"),
        (0.48, 0, "48%"),
        (0.4812, 1, "48.1%"),
        (0.999, 0, ">99%"),
        (1.0, 0, "100%"),
    ],
)
def test_only_none_are_0_percent_and_only_all_are_100(value: float, digits: int, text: str) -> None:
    assert share(value, digits) == text


@pytest.mark.parametrize("value", [1e-6, 5e-7])
def test_what_rounding_explains_is_not_above_zero(value: float) -> None:
    line = PolicyCheck("offset_sweep", "offset_sweep.margin", ("val",), None, None, 0.0, required=False)
    said = compared(line, "val", even(value, None, None, 400, 20), value, "fail", rounding=1e-6)
    assert re.fullmatch(r".*, not above 0\.0+ by more than rounding \(1e-06\) as required", said)


def test_no_rounding_is_allowed_where_none_is_told() -> None:
    line = PolicyCheck("offset_sweep", "offset_sweep.margin", ("val",), None, 0.1, 0.0, required=False)
    said = compared(line, "val", even(0.5, None, None, 400, 20), 0.5, "fail")
    assert said == "offset_sweep.margin on val is 0.500, above the allowed 0.100"


@pytest.mark.parametrize(
    ("gate", "title", "words"),
    [
        ("offset_sweep", "gate A (offset_sweep)", "A (nearest to target)"),
        ("retrieval", "gate B (retrieval)", "B (finds the target)"),
        ("ablations", "gate C (ablations)", "C (needs its context)"),
        ("rollout", "gate D (rollout)", "D (survives itself)"),
        ("bins_delta", "gate E (bins_delta)", "E (as good elsewhere)"),
        ("backward_bias", "the backward-bias check", "the backward-bias check"),
        ("champion", "the champion check", "the champion check"),
        ("geometry", "the geometry check", "the geometry check"),
        ("data", "the data check", "the data check"),
        ("control:ridge", "the gain over ridge", "the gain over ridge"),
    ],
)
def test_what_gates_are_called(gate: str, title: str, words: str) -> None:
    assert (gate_title(gate), gate_in_words(gate)) == (title, words)


def test_what_a_gate_asks_is_said_in_a_few_words() -> None:
    assert [gate_words(gate) for gate in ("rollout", "data", "champion", "control:ridge")] == [
        "survives itself",
        "unseen data",
        "against champion",
        "more than ridge",
    ]
    assert all(gate_words(gate) for gate in (*GATES, *GROUPS))


@given(st.floats(-1e6, 1e6), st.integers(0, 9))
def test_a_figure_is_rounded_and_has_no_negative_zero(value: float, digits: int) -> None:
    text = figure(value, digits)
    assert float(text) == round(value, digits)
    assert not (text.startswith("-") and float(text) == 0)
