"""Scores beside reports: bound by digest, paired, and turned into gains."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click.testing
import numpy as np
import pytest

from gatekeeper.evaluation.comparison import Scored, compare, paired_gains, read_scores
from schemas.errors import DataError, ReportError
from schemas.reading.report import read_report
from schemas.records.metrics import MEASURED, METRICS

Run = Callable[..., click.testing.Result]


@pytest.fixture
def pair(world: Path, run: Run) -> tuple[Scored, Scored]:
    """Reports of copy_last and of ridge on the same samples."""
    found = []
    for name in ("copy_last", "ridge"):
        path = world / f"{name}.json"
        assert run("eval", f"control:{name}", "--report", str(path)).exit_code in (0, 1)
        found.append(Scored(read_report(path), path))
    return found[0], found[1]


def test_scores_come_back_as_they_were_measured(pair: tuple[Scored, Scored]) -> None:
    recorded = read_scores(pair[1])
    report = pair[1].report
    for split in ("val", "ood"):
        assert tuple(recorded[split]) == MEASURED
        cosines = recorded[split]["offset_sweep"].arrays["cosines"]
        assert float(cosines[:, 3].mean()) == pytest.approx(
            report.evidence.model[split]["offset_sweep.cos"].value, abs=1e-6
        )
        articles = recorded[split]["bins_delta"].articles
        assert len(np.unique(articles)) == report.evidence.model[split]["bins_delta.cos"].articles


def test_differences_equal_those_of_the_reports(pair: tuple[Scored, Scored]) -> None:
    first, second = (scored.report.evidence.model for scored in pair)
    for split, found in compare(*pair).items():
        for name, paired in found.items():
            one, two = first[split][name].value, second[split][name].value
            if one is None or two is None:
                assert paired.metric.value is None
            else:
                assert paired.metric.value == pytest.approx(two - one, abs=1e-9), name


def test_a_gain_is_positive_when_better_and_its_interval_goes_with_it(pair: tuple[Scored, Scored]) -> None:
    champion, model = pair
    differences = compare(champion, model)
    checked = set()
    for split, found in paired_gains(model, champion).items():
        for name, gain in found.items():
            difference = differences[split][name].metric
            sign = 1.0 if METRICS[name].better == "higher" else -1.0
            if gain.value is None or difference.value is None:
                continue
            assert gain.value == pytest.approx(sign * difference.value, abs=1e-9)
            if gain.low is not None and gain.high is not None:
                assert gain.low <= gain.value <= gain.high
                checked.add(METRICS[name].better)
            else:
                assert gain.reason
    assert checked == {"higher", "lower"}


def test_a_model_compared_with_itself_gains_nothing(pair: tuple[Scored, Scored]) -> None:
    for found in paired_gains(pair[1], pair[1]).values():
        assert {gain.value for gain in found.values()} <= {0.0, None}


@pytest.mark.parametrize("damage", ["removed", "edited", "folder", "none"])
def test_scores_that_are_not_those_of_the_report_are_refused(
    pair: tuple[Scored, Scored], damage: str
) -> None:
    first, second = pair
    assert second.report.scores is not None
    path = second.path.with_name(second.report.scores.name)
    messages = {
        "removed": "keep them beside the report",
        "edited": "its digest differs",
        "folder": "must name its scores without folders",
        "none": "names no file with per-sample scores",
    }
    if damage == "removed":
        path.unlink()
    elif damage == "edited":
        path.write_bytes(path.read_bytes() + b"\0")
    else:
        scores = None if damage == "none" else replace(second.report.scores, name=f"../{path.name}")
        second = replace(second, report=replace(second.report, scores=scores))
    with pytest.raises(DataError, match=messages[damage]):
        compare(first, second)


def test_reports_on_other_samples_are_refused_and_everything_that_differs_is_named(
    pair: tuple[Scored, Scored], world: Path, run: Run
) -> None:
    run("eval", "control:ridge", "--report", "other.json", "--max-samples", "120", "--seed", "7")
    other = Scored(read_report(world / "other.json"), world / "other.json")
    with pytest.raises(ReportError) as caught:
        compare(pair[0], other)
    message = str(caught.value)
    assert "they differ in seed (0 and 7); sample draw of ood (" in message
    assert "sample draw of val (" in message
    assert "bank" not in message


def test_the_json_of_a_comparison_names_every_difference(pair: tuple[Scored, Scored], run: Run) -> None:
    done = run("compare", str(pair[0].path), str(pair[1].path), "--format", "json")
    assert done.exit_code == 0
    value = json.loads(done.stdout)
    assert (value["a"], value["b"], value["power"]) == ("control:copy_last", "control:ridge", 0.8)
    found = {(row["metric"], row["split"]): row for row in value["differences"]}
    assert len(found) == sum(len(rows) for rows in compare(*pair).values())
    row = found["offset_sweep.margin", "ood"]
    assert row["difference"] == pytest.approx(row["b"] - row["a"])
    assert row["meaning"] == "better"
    assert row["low"] < row["difference"] < row["high"]
