"""What a verdict says where the test was seen before."""

import dataclasses
from collections.abc import Callable

import pytest

from schemas.errors import ReportError
from schemas.reading.consistency import check_report
from schemas.reading.policy import load_policy
from schemas.records.evidence import Evidence, Metric
from schemas.records.model import ModelInput
from schemas.records.policy import Policy
from schemas.records.report import Report
from schemas.verdict.judge import judge
from schemas.verdict.seen import remarks
from tests.schemas.even import even

EvidenceFactory = Callable[[], Evidence]
Change = Callable[..., Evidence]
ReportFactory = Callable[..., Report]

NAMED = "so whoever has read those has seen them; --html and data audit name them"


def leaking(evidence: Evidence, share: float, split: str = "val") -> Evidence:
    """Of the data, so of every predictor."""
    metric = even(share, max(0.0, share - 0.01), share + 0.01, 400, 20)

    def told(metrics: dict[str, dict[str, Metric]]) -> dict[str, dict[str, Metric]]:
        return {**metrics, split: {**metrics[split], "data.leaked": metric}}

    controls = {name: told(metrics) for name, metrics in evidence.controls.items()}  # type: ignore[arg-type]
    return dataclasses.replace(evidence, model=told(evidence.model), controls=controls)  # type: ignore[arg-type]


def test_data_that_do_not_leak_need_no_word(good_evidence: EvidenceFactory) -> None:
    assert remarks(good_evidence(), None) == []


def test_a_single_leaked_target_is_a_remark(good_evidence: EvidenceFactory, seed_policy: Policy) -> None:
    evidence = leaking(good_evidence(), 0.0025)
    sentence = f"1 of the 400 targets of val (0.2%) lies in articles outside it too, {NAMED}"
    assert remarks(evidence, None) == [sentence]
    verdict = judge(evidence, seed_policy, confidence=0.95).verdict
    assert verdict.deployable
    assert sentence in verdict.remarks


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0.005, "2 of the 400 targets of ood (0.5%) lie"),
        (0.5, "200 of the 400 targets of ood (50.0%) lie"),
        (1.0, "400 of the 400 targets of ood (100.0%) lie"),
    ],
)
def test_several_leaked_targets_are_one_remark(
    good_evidence: EvidenceFactory, share: float, told: str
) -> None:
    evidence = leaking(good_evidence(), share, "ood")
    assert remarks(evidence, None) == [f"{told} in articles outside it too, {NAMED}"]


def test_what_was_not_measured_or_is_undefined_needs_no_word(
    good_evidence: EvidenceFactory, change: Change
) -> None:
    evidence = good_evidence()
    for name in ("data.leaked", "data.recited"):
        evidence = change(evidence, name, "val", value=None, low=None, high=None, reason="no target")
    assert remarks(evidence, None) == []
    bare = {name: metric for name, metric in evidence.model["val"].items() if not name.startswith("data.")}
    assert remarks(dataclasses.replace(evidence, model={"val": bare}), None) == []


@pytest.mark.parametrize("split", ["val", "ood"])
@pytest.mark.parametrize("policy", ["seed-5cat", "strict-5cat"])
@pytest.mark.parametrize(("share", "outcome"), [(0.05, "deployable"), (0.0525, "blocked")])
def test_more_than_one_target_in_twenty_blocks_and_is_no_error(
    good_evidence: EvidenceFactory, split: str, policy: str, share: float, outcome: str
) -> None:
    evidence = leaking(good_evidence(), share, split)
    verdict = judge(evidence, load_policy(policy).policy, confidence=0.95).verdict
    assert verdict.outcome == outcome
    assert verdict.reasons == (
        ()
        if outcome == "deployable"
        else (f"data.leaked on {split} is 0.052 [0.042, 0.062], above the allowed 0.050",)
    )


def test_no_control_makes_the_check_on_the_data_vacuous(
    good_evidence: EvidenceFactory, seed_policy: Policy
) -> None:
    gates = {gate.name: gate for gate in judge(good_evidence(), seed_policy, confidence=0.95).gates}
    assert (gates["data"].status, gates["data"].vacuous_for) == ("pass", ())


@pytest.mark.parametrize(("value", "told"), [(0.0, False), (0.5, False), (0.505, True), (1.0, True)])
def test_a_model_that_answers_with_most_targets_has_seen_them(
    good_evidence: EvidenceFactory, change: Change, value: float, told: bool
) -> None:
    evidence = change(good_evidence(), "data.recited", "ood", value=value)
    share = "50%" if value < 1 else "100%"
    sentence = f"{share} of the answers on ood are the targets themselves: the model has seen them"
    assert remarks(evidence, None) == ([sentence] if told else [])


@pytest.mark.parametrize(
    ("kind", "architecture", "told"),
    [("control", "oracle", False), ("control", "copy_last", True), ("checkpoint", "oracle", True)],
)
def test_the_oracle_is_not_told_that_it_knows_the_targets(
    good_evidence: EvidenceFactory,
    change: Change,
    make_report: ReportFactory,
    kind: str,
    architecture: str,
    told: bool,
) -> None:
    evidence = change(good_evidence(), "data.recited", "val", value=1.0)
    report = make_report(evidence)
    model = dataclasses.replace(report.inputs.model, kind=kind, architecture=architecture)  # type: ignore[arg-type]
    assert isinstance(model, ModelInput)
    setup = dataclasses.replace(report.setup, inputs=dataclasses.replace(report.inputs, model=model))
    assert bool(remarks(evidence, setup)) is told


def test_a_report_whose_data_leak_otherwise_for_a_control_is_refused(
    good_evidence: EvidenceFactory, change: Change, make_report: ReportFactory
) -> None:
    check_report(make_report(leaking(good_evidence(), 0.01)))
    evidence = change(good_evidence(), "data.leaked", "val", value=0.1)
    with pytest.raises(ReportError) as caught:
        check_report(make_report(evidence))
    assert str(caught.value) == (
        "evidence of oracle, data.leaked on val: the data leak the same for every predictor, but the model "
        "has "
        "other figures there"
    )
