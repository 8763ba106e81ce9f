"""Rows of the full table: all checks, gate by gate, with the figures that belong beside them."""

from dataclasses import replace

import pytest

from gatekeeper.render.rows import (
    HEADERS,
    bounds,
    interval,
    letter_of,
    number,
    result_headers,
    result_rows,
    shown_status,
)
from schemas.records.evidence import CONTROLS, Metric
from schemas.records.judgement import Check
from tests.gatekeeper.render.page.pages import report_of
from tests.gatekeeper.render.rulings import CHECKS, HEAD, MARGIN, make_evidence

LETTERS = ["A", "B", "C", "D", "E", "bias", "data", "shape"]


def first() -> Check:
    return report_of(policy=HEAD + CHECKS).judgement.checks[0]


def test_a_row_for_each_check_of_the_default_policy_and_each_figure_beside_them() -> None:
    report = report_of()
    rows = result_rows(report)
    assert (
        len(rows) == 59
    )  # 37, and on two splits 8 figures of what is known, 1 check of the data, 2 of geometry
    assert {len(row) for row in rows} == {len(HEADERS)}
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), key=LETTERS.index)
    assert rows[0] == ["A", MARGIN, "val", "0.150", "[0.140, 0.160]", ">= 0.05", "PASS", "0.500", "-0.100",
                       *["-0.100"] * (len(CONTROLS) - 2)]  # fmt: skip


def test_a_figure_that_the_policy_reads_stands_in_the_table_once() -> None:
    rows = result_rows(report_of())
    assert len({(row[0], row[1], row[2]) for row in rows}) == len(rows)


def test_what_is_undefined_is_a_dash() -> None:
    rows = result_rows(report_of(make_evidence(undefined={(MARGIN, "ood"): "no window fits"})))
    assert rows[1][:7] == ["A", MARGIN, "ood", "-", "-", ">= 0.05", "SKIPPED"]


@pytest.mark.parametrize(("confidence", "head"), [(0.95, "95% interval"), (0.8, "80% interval")])
def test_the_head_of_the_interval_names_the_confidence(confidence: float, head: str) -> None:
    report = report_of()
    report = replace(report, settings=replace(report.settings, confidence=confidence))
    assert result_headers(report)[4] == head


@pytest.mark.parametrize(
    ("gate", "letter"),
    [("offset_sweep", "A"), ("bins_delta", "E"), ("backward_bias", "bias"), ("champion", "gain")],
)
def test_a_gate_has_a_letter_or_a_short_name(gate: str, letter: str) -> None:
    assert letter_of(gate) == letter


@pytest.mark.parametrize(
    ("minimum", "maximum", "above", "text"),
    [
        (0.05, None, None, ">= 0.05"),
        (None, -0.1, None, "<= -0.10"),
        (None, None, 0.0, "> 0.00"),
        (0.125, 0.5, None, ">= 0.125, <= 0.50"),
        (0.0, 0.0, None, "= 0"),
        (None, None, None, ""),
    ],
)
def test_a_threshold_in_few_characters(
    minimum: float | None, maximum: float | None, above: float | None, text: str
) -> None:
    assert bounds(replace(first(), minimum=minimum, maximum=maximum, above=above)) == text


@pytest.mark.parametrize(
    ("severity", "status", "shown"),
    [
        ("error", "fail", "FAIL"),
        ("warn", "fail", "WARN"),
        ("warn", "pass", "PASS"),
        ("error", "waived", "WAIVED"),
    ],
)
def test_a_warning_that_does_not_pass_is_no_failure(severity: str, status: str, shown: str) -> None:
    assert shown_status(replace(first(), severity=severity, status=status)) == shown  # type: ignore[arg-type]


def test_figures_have_three_decimals() -> None:
    assert (number(0.12345), number(-1.0), number(None)) == ("0.123", "-1.000", "-")
    assert interval(Metric(0.5, 0.4, 0.6, 1, 1)) == "[0.400, 0.600]"
    assert interval(Metric(0.5, None, None, 1, 1)) == "-"
