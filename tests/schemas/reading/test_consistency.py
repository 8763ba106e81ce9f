"""What a report may hold at its limits, and the exact words where it goes beyond them."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import pytest

from schemas.errors import ReportError
from schemas.reading.consistency import check_report
from schemas.records.evidence import CONTROLS, Evidence, Metric, Metrics
from schemas.records.metrics import SEARCHED
from schemas.records.report import Report
from schemas.verdict.judge import judge
from tests.schemas.even import even

ReportFactory = Callable[..., Report]
EvidenceFactory = Callable[[], Evidence]

MARGIN = "offset_sweep.margin"


def refusal(report: Report) -> str:
    with pytest.raises(ReportError) as caught:
        check_report(report)
    return str(caught.value)


def with_split(report: Report, **fields: Any) -> Report:  # noqa: ANN401
    split = dataclasses.replace(report.inputs.splits["val"], **fields)
    return dataclasses.replace(
        report, inputs=dataclasses.replace(report.inputs, splits={**report.inputs.splits, "val": split})
    )


def with_settings(report: Report, **fields: Any) -> Report:  # noqa: ANN401
    return dataclasses.replace(report, settings=dataclasses.replace(report.settings, **fields))


def with_metric(report: Report, metric: Metric) -> Report:
    """The metric in place of the margin on val, of the model and of all controls; judged anew."""
    if metric.value is not None and metric.effective is None:
        metric = dataclasses.replace(metric, effective=float(max(1, metric.articles)))

    def put(rows: Any) -> Any:  # noqa: ANN401
        return {**rows, "val": {**rows["val"], MARGIN: metric}}

    evidence = Evidence(
        model=put(report.evidence.model),
        controls={name: put(rows) for name, rows in report.evidence.controls.items()},
        answers=report.evidence.answers,
    )
    derived = judge(evidence, report.policy, confidence=report.settings.confidence, setup=report.setup)
    return dataclasses.replace(report, evidence=evidence, judgement=derived)


@pytest.mark.parametrize(
    "change",
    [
        lambda report: with_settings(report, bin_edges=(0.5, 0.5)),
        lambda report: with_split(report, windows=400, eligible=400),
        lambda report: with_settings(report, max_samples=400),
        lambda report: with_split(report, articles=900),
        lambda report: with_metric(report, even(0.15, 0.15, 0.15, 400, 20)),
        lambda report: with_metric(report, even(0.15, 0.14, 0.16, 400, 1)),
        lambda report: with_metric(report, even(0.15, None, None, 400, 1, "one article")),
        lambda report: with_metric(report, even(None, None, None, 0, 0, "no sample")),
        lambda report: with_metric(report, even(0.15, 0.14, 0.16, 20, 20)),
        lambda report: with_metric(report, Metric(0.15, 0.14, 0.16, 400, 20, "", 20.0, 19.0)),
        lambda report: with_metric(report, Metric(0.15, 0.14, 0.16, 400, 20, "", 1.0)),
    ],
)
def test_what_is_just_possible_is_no_contradiction(
    change: Callable[[Report], Report], make_report: ReportFactory
) -> None:
    report = change(make_report())
    assert check_report(report) == report.judgement


@pytest.mark.parametrize(
    ("metric", "problem"),
    [
        (even(None, 0.1, 0.2, 400, 20, "why"), "an interval around no value"),
        (even(None, None, None, 400, 20), "undefined, but without a reason"),
        (even(0.1, None, None, 400, 20), "undefined, but without a reason"),
        (even(0.1, 0.1, 0.1, 0, 0), "a value measured on nothing"),
        (even(0.1, None, 0.2, 400, 20, "why"), "an interval with only one end"),
        (even(0.1, 0.0, None, 400, 20, "why"), "an interval with only one end"),
        (even(0.1, 0.2, 0.3, 400, 20), "the value 0.1 lies outside its interval [0.2, 0.3]"),
        (even(0.4, 0.2, 0.3, 400, 20), "the value 0.4 lies outside its interval [0.2, 0.3]"),
        (even(0.1, 0.0, 0.2, 19, 20), "20 articles among only 19 samples"),
        (
            Metric(None, None, None, 400, 20, "why", 20.0),
            "effective articles belong to a value, and every value has them",
        ),
        (Metric(0.1, 0.0, 0.2, 400, 20, "", 20.5), "20.5 effective articles of only 20"),
        (
            Metric(0.1, None, None, 400, 20, "why", 20.0, 19.0),
            "degrees of freedom without an interval",
        ),
    ],
)
def test_an_impossible_metric_is_named_in_these_words(
    metric: Metric, problem: str, make_report: ReportFactory
) -> None:
    with pytest.raises(ReportError) as caught:
        check_report(with_metric(make_report(), metric))
    assert str(caught.value) == f"evidence of model, {MARGIN} on val: {problem}"


def test_a_date_that_is_none_is_shown_in_part(make_report: ReportFactory) -> None:
    with pytest.raises(ReportError) as caught:
        check_report(dataclasses.replace(make_report(), created="2026-02-30" + "x" * 40))
    assert str(caught.value).startswith(f"created: '2026-02-30{'x' * 30}' is no date: ")


def test_a_claim_that_does_not_follow_is_named_in_these_words(make_report: ReportFactory) -> None:
    report = make_report()
    verdict = dataclasses.replace(report.judgement.verdict, gates_passed=4)
    forged = dataclasses.replace(report, judgement=dataclasses.replace(report.judgement, verdict=verdict))
    with pytest.raises(ReportError) as caught:
        check_report(forged)
    assert str(caught.value) == (
        "the claimed judgement does not follow from the evidence: verdict.gates_passed is 4 where 5 follows"
    )


def test_a_diagnosis_in_other_words_is_no_other_claim(make_report: ReportFactory) -> None:
    report = make_report()
    said = dataclasses.replace(report.judgement.diagnosis, sentence="In other words.")
    told = dataclasses.replace(report, judgement=dataclasses.replace(report.judgement, diagnosis=said))
    assert check_report(told) == report.judgement
    named = dataclasses.replace(said, name="copies")
    other = dataclasses.replace(report, judgement=dataclasses.replace(report.judgement, diagnosis=named))
    with pytest.raises(ReportError, match=r"diagnosis\.name is 'copies' where 'sound' follows"):
        check_report(other)


@pytest.mark.parametrize(
    ("ridge", "says"), [("train split", "names none"), ("cross-fitted by article", "names a train split")]
)
def test_what_ridge_was_fitted_on_and_what_is_named_belong_together(
    make_report: ReportFactory, ridge: str, says: str
) -> None:
    report = with_settings(make_report(), ridge=ridge)
    train = None if ridge == "train split" else "7" * 64
    inputs = dataclasses.replace(report.inputs, train_sha256=train)
    with pytest.raises(ReportError) as caught:
        check_report(dataclasses.replace(report, inputs=inputs))
    assert str(caught.value) == f"settings.ridge is {ridge!r}, but inputs.train_sha256 {says}"


def without_searches(report: Report, *who: str) -> Report:
    """Some controls as they are where they were not searched in the whole bank."""

    def cut(metrics: Metrics) -> Metrics:
        return {
            split: {name: metric for name, metric in rows.items() if not name.startswith(SEARCHED)}
            for split, rows in metrics.items()
        }

    controls = {name: cut(rows) if name in who else rows for name, rows in report.evidence.controls.items()}
    evidence = dataclasses.replace(report.evidence, controls=controls)
    return dataclasses.replace(report, evidence=evidence)


def test_controls_need_not_have_been_searched_in_the_bank(make_report: ReportFactory) -> None:
    report = make_report()
    assert any(name.startswith(SEARCHED) for name in report.evidence.model["val"])
    check_report(without_searches(report, *CONTROLS))


@pytest.mark.parametrize("who", ["oracle", "logit"])
def test_either_all_controls_were_searched_or_none(who: str, make_report: ReportFactory) -> None:
    report = make_report()
    others = [name for name in CONTROLS if name != who]
    for cut, first in (((who,), who), (tuple(others), others[0])):
        with pytest.raises(ReportError) as caught:
            check_report(without_searches(report, *cut))
        assert str(caught.value) == (
            f"evidence of {first}, retrieval.bank.chance@1 on ood: expected the model's samples and articles "
            "(400, 20), found None"
        )


RECALL = "retrieval.article_unseen.r@5"  # 0.98 of the model, 1.0 of the oracle, 0.2 of ridge


def with_gain(report: Report, who: str, gain: Metric) -> Report:
    gains: dict[str, Any] = {who: {"ridge": {"val": {RECALL: gain}}}}
    evidence = dataclasses.replace(report.evidence, **gains)
    return dataclasses.replace(report, evidence=evidence)


@pytest.mark.parametrize(("who", "gain"), [("gains", 0.78), ("oracle_gains", 0.8)])
def test_a_gain_is_the_difference_of_its_two_metrics(
    make_report: ReportFactory, who: str, gain: float
) -> None:
    name = "model" if who == "gains" else "oracle"
    where = f"gains of {name} over ridge, {RECALL} on val: "
    right = even(gain, gain - 0.1, gain + 0.1, 400, 20)
    check_report(with_gain(make_report(), who, right))
    check_report(with_gain(make_report(), who, dataclasses.replace(right, value=gain + 1e-10)))
    for wrong in (gain + 2e-9, gain - 2e-9, -gain, None):
        forged = even(wrong, None, None, 400, 20, "x")
        assert refusal(with_gain(make_report(), who, forged)) == (
            f"{where}expected the difference of the two metrics {gain}, found {wrong}"
        )
    for fields, problem in (
        ({"n": 399}, "expected the metric's own n 400, found 399"),
        ({"articles": 19, "effective": 19.0}, "expected the metric's own articles 20, found 19"),
        ({"effective": 19.0}, "expected the metric's own effective articles 20.0, found 19.0"),
        (
            {"low": gain + 0.05},
            f"the value {gain} lies outside its interval [{gain + 0.05}, {gain + 0.1}]",
        ),
    ):
        changed: dict[str, Any] = fields
        forged = dataclasses.replace(right, **changed)
        assert refusal(with_gain(make_report(), who, forged)) == f"{where}{problem}"


def test_a_gain_is_the_difference_but_for_a_billionth(make_report: ReportFactory) -> None:
    report = make_report()
    rows = {**report.evidence.controls["ridge"]["val"], RECALL: report.evidence.model["val"][RECALL]}
    ridge = {**report.evidence.controls["ridge"], "val": rows}
    controls = {**report.evidence.controls, "ridge": ridge}
    given = dataclasses.replace(report, evidence=dataclasses.replace(report.evidence, controls=controls))
    check_report(with_gain(given, "gains", even(1e-9, -0.1, 0.1, 400, 20)))
    over = math.nextafter(1e-9, 1)
    assert refusal(with_gain(given, "gains", even(over, -0.1, 0.1, 400, 20))) == (
        f"gains of model over ridge, {RECALL} on val: expected the difference of the two metrics 0.0, found "
        f"{over}"
    )


def test_a_gain_over_what_is_undefined_is_undefined(make_report: ReportFactory) -> None:
    unknown = even(None, None, None, 400, 20, "no window")
    report = make_report()
    rows = {**report.evidence.controls["ridge"]["val"], RECALL: unknown}
    ridge = {**report.evidence.controls["ridge"], "val": rows}
    controls = {**report.evidence.controls, "ridge": ridge}
    given = dataclasses.replace(report, evidence=dataclasses.replace(report.evidence, controls=controls))
    check_report(with_gain(given, "gains", unknown))
    found = even(0.98, 0.9, 1.0, 400, 20)
    assert refusal(with_gain(given, "gains", found)) == (
        f"gains of model over ridge, {RECALL} on val: expected none where one of the two is undefined, "
        "found 0.98"
    )


def test_a_gain_of_what_was_not_measured_is_refused(make_report: ReportFactory) -> None:
    report = with_gain(make_report(), "gains", even(0.78, 0.7, 0.8, 400, 20))
    rows = report.evidence.gains["ridge"]["val"]
    gains: Any
    for gains, where in (
        ({"ridge": {"train": rows}}, f"ridge, {RECALL} on train"),
        ({"nobody": {"val": rows}}, f"nobody, {RECALL} on val"),
    ):
        evidence = dataclasses.replace(report.evidence, gains=gains)
        assert refusal(dataclasses.replace(report, evidence=evidence)) == (
            f"gains of model over {where}: one of the two was not measured; evaluate again"
        )


@pytest.mark.parametrize(
    ("limit", "eligible", "problem"),
    [
        (None, 900, ""),
        (10, 400, ""),
        (30, 899, ""),
        (30, 900, ""),
        (None, 899, "899 eligible windows of 40 articles with a cap an article of none"),
        (10, 401, "401 eligible windows of 40 articles with a cap an article of 10"),
        (None, 901, "400 sampled of 901 eligible of 900 windows"),
        (30, 901, "400 sampled of 901 eligible of 900 windows"),
        (30, 399, "400 sampled of 399 eligible of 900 windows"),
    ],
)
def test_as_many_windows_are_eligible_as_articles_may_give(
    make_report: ReportFactory, limit: int | None, eligible: int, problem: str
) -> None:
    report = make_report()
    splits = {
        name: dataclasses.replace(split, eligible=eligible) for name, split in report.inputs.splits.items()
    }
    inputs = dataclasses.replace(report.inputs, splits=splits)
    report = with_settings(dataclasses.replace(report, inputs=inputs), max_per_article=limit)
    if not problem:
        check_report(report)
        return
    assert refusal(report) == f"inputs.splits.val: {problem}"
