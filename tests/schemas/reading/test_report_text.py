"""How the file of a report is laid out."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from schemas.reading.report import report_text, report_to_json, write_report
from schemas.reading.strict_json import dumps
from schemas.records.evidence import Metric
from schemas.records.report import Report

ReportFactory = Callable[..., Report]

MARGIN = "offset_sweep.margin"


def test_every_metric_of_a_file_stands_on_one_line(make_report: ReportFactory, tmp_path: Path) -> None:
    report = make_report()
    write_report(report, tmp_path / "report.json")
    text = (tmp_path / "report.json").read_text(encoding="utf-8")
    assert text == report_text(report)
    evidence = report.evidence
    measured = (evidence.model, *evidence.controls.values())
    gained = (*evidence.gains.values(), *evidence.oracle_gains.values())
    metrics = sum(len(rows) for splits in (*measured, *gained) for rows in splits.values())
    assert sum('": {"value":' in line and '"degrees":' in line for line in text.splitlines()) == metrics
    assert len(text) < 0.65 * len(dumps(report_to_json(report)))


def test_a_metric_with_every_digit_still_stands_on_one_line(
    make_report: ReportFactory,
) -> None:
    digits = -1.2345678901234567e-05
    longest = Metric(digits, digits, digits, 10**8, 10**7, "", 1234567.0123456789, 1234567.0123456789)
    report = make_report()
    rows = {**report.evidence.model["val"], MARGIN: longest}
    evidence = dataclasses.replace(report.evidence, model={**report.evidence.model, "val": rows})
    text = report_text(dataclasses.replace(report, evidence=evidence))
    (line,) = (line for line in text.splitlines() if str(digits) in line)
    assert line.count(str(digits)) == 3
    assert '"degrees":1234567.0123456789}' in line
