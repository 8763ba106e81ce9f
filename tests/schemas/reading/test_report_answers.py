"""How a model answered, in a report and in its verdict."""

import dataclasses
import json
from collections.abc import Callable, Mapping

import pytest

from schemas.errors import ReportError
from schemas.reading.report import parse_report, report_to_json
from schemas.records.answers import Answers
from schemas.records.evidence import Evidence
from schemas.records.policy import Policy
from schemas.verdict.judge import judge
from tests.schemas.conftest import ANSWERS, Change, EvidenceFactory, ReportFactory

MARGIN, REVERSE = "offset_sweep.margin_prev", "ablations.reverse"


def with_answers(evidence: Evidence, **fields: object) -> Evidence:
    """Other answers on ood."""
    answers = dataclasses.replace(ANSWERS, **fields)  # type: ignore[arg-type]
    return dataclasses.replace(evidence, answers={"val": ANSWERS, "ood": answers})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda answers: {"val": answers["val"]}, "evidence.answers: ood is missing; evaluate again"),
        (lambda answers: {}, "evidence.answers: ood is missing; evaluate again"),
        (
            lambda answers: {**answers, "train": ANSWERS},
            "evidence.answers: train is there, though nothing was measured; evaluate again",
        ),
        (
            lambda answers: {**answers, "ood": dataclasses.replace(ANSWERS, alone=0.2)},
            "evidence.answers of ood: a chord of 0.2 and a change of -1e-08 are no rounding of float32; "
            "evaluate again",
        ),
        (
            lambda answers: {**answers, "val": dataclasses.replace(ANSWERS, change=0.01)},
            "evidence.answers of val: a chord of 3e-07 and a change of 0.01 are no rounding of float32; "
            "evaluate again",
        ),
        (
            lambda answers: {**answers, "val": dataclasses.replace(ANSWERS, again=2.5)},
            "does not follow the schema: $.evidence.answers.val.again: 2.5 is greater than the maximum of 2",
        ),
        (
            lambda answers: {**answers, "val": dataclasses.replace(ANSWERS, zero_steps=-1)},
            "does not follow the schema: $.evidence.answers.val.zero_steps: -1 is less than the minimum of 0",
        ),
    ],
)
def test_a_report_tells_of_every_split_how_the_model_answered(
    make_report: ReportFactory,
    change: Callable[[Mapping[str, Answers]], Mapping[str, Answers]],
    words: str,
) -> None:
    report = make_report()
    evidence = dataclasses.replace(report.evidence, answers=change(report.evidence.answers))
    with pytest.raises(ReportError) as caught:
        parse_report(json.dumps(report_to_json(dataclasses.replace(report, evidence=evidence))))
    assert str(caught.value) == words


def test_batches_and_order_stand_in_the_settings(make_report: ReportFactory) -> None:
    plain = report_to_json(make_report())
    assert plain["settings"]["batch_size"] == 256  # type: ignore[index]
    assert plain["settings"]["order"] == "interleaved"  # type: ignore[index]


@pytest.mark.parametrize(
    ("weights", "metric", "value", "passes"),
    [
        ("float32", REVERSE, 9e-7, True),
        ("float32", REVERSE, 2e-6, False),
        ("float16", REVERSE, 2.4e-4, True),
        ("float16", REVERSE, 2.5e-4, False),
        ("bfloat16", REVERSE, 1.9e-3, True),
        ("float32", MARGIN, 2e-6, True),
        ("float32", MARGIN, 9e-7, False),
        ("float16", MARGIN, 2.4e-4, False),
        ("float16", MARGIN, 2.5e-4, True),
        ("bfloat16", MARGIN, 1.9e-3, False),
    ],
)
def test_rounding_of_the_models_own_format_decides_nothing_about_zero(
    good_evidence: EvidenceFactory,
    change: Change,
    seed_policy: Policy,
    weights: str,
    metric: str,
    value: float,
    passes: bool,
) -> None:
    evidence = with_answers(change(good_evidence(), metric, "ood", value=value), weights=weights)
    verdict = judge(evidence, seed_policy, confidence=0.95)
    (check,) = [
        each
        for each in verdict.checks
        if (each.gate, each.metric, each.split) == ("backward_bias", metric, "ood")
    ]
    assert (check.status == "pass") is passes
    assert check.value == value  # the figure stays what was measured
    assert verdict.verdict.deployable is passes


def test_a_threshold_other_than_zero_has_no_allowance(
    good_evidence: EvidenceFactory, change: Change, seed_policy: Policy
) -> None:
    evidence = change(good_evidence(), "offset_sweep.margin", "ood", value=0.0499)
    assert not judge(
        with_answers(evidence, weights="bfloat16"), seed_policy, confidence=0.95
    ).verdict.deployable


def test_the_verdict_says_what_was_allowed_and_how_many_steps_were_zero(
    good_evidence: EvidenceFactory, seed_policy: Policy
) -> None:
    evidence = with_answers(good_evidence(), exact="float16", zero_steps=7)
    remarks = judge(evidence, seed_policy, confidence=0.95).verdict.remarks
    assert remarks[-2:] == (
        "7 free-running answers of gate D (rollout) on ood are zero; each counts as cosine 0",
        "the answers are as precise as float16, so comparisons of cosines with zero allow 2.4e-04 "
        "for rounding",
    )
    plain = judge(good_evidence(), seed_policy, confidence=0.95).verdict.remarks
    assert not [remark for remark in plain if "zero" in remark or "precise" in remark]
