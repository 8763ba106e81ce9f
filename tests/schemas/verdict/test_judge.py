"""From evidence and policy to a judgement: what decides, what blocks, and what is only told."""

import dataclasses
import math
from collections.abc import Callable

import pytest

from schemas.reading.policy import load_policy
from schemas.records.answers import Format
from schemas.records.evidence import CONTROLS, Evidence, Metric
from schemas.records.metrics import GATES
from schemas.records.model import TrainedBy
from schemas.records.policy import ChampionRule, ControlRule, Decide, Policy, PolicyCheck
from schemas.records.report import Report
from schemas.records.splits import PAIR
from schemas.verdict.judge import judge
from tests.schemas.even import even

EvidenceFactory = Callable[[], Evidence]
Change = Callable[..., Evidence]

COS = "offset_sweep.cos"


def test_a_good_model_is_deployable(good_evidence: EvidenceFactory, seed_policy: Policy) -> None:
    judgement = judge(good_evidence(), seed_policy, confidence=0.95)
    verdict = judgement.verdict
    assert (verdict.outcome, verdict.deployable, verdict.gates_passed) == ("deployable", True, 5)
    assert (verdict.escaped, verdict.reasons) == (False, ())
    assert {check.status for check in judgement.checks} == {"pass"}
    assert [gate.name for gate in judgement.gates] == [*GATES, "backward_bias", "data"]
    assert judge(good_evidence(), load_policy("strict-5cat").policy, confidence=0.95).verdict.deployable


def test_a_gate_that_a_trivial_control_passes_is_vacuous_but_counts(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change
) -> None:
    judgement = judge(good_evidence(), seed_policy, confidence=0.95)
    assert {gate.name: gate.vacuous_for for gate in judgement.gates if gate.vacuous_for} == {
        "bins_delta": ("constant",)
    }
    assert judgement.verdict.remarks == (
        "gate E (bins_delta) passes for the constant predictor too, so passing it proves nothing here",
    )
    both = change(good_evidence(), "bins_delta.delta", PAIR, who="random", value=0.0)
    assert judge(both, seed_policy, confidence=0.95).verdict.remarks == (
        "gate E (bins_delta) passes for the constant and random predictors too, "
        "so passing it proves nothing here",
    )
    all_three = change(both, "bins_delta.delta", PAIR, who="copy_last", value=0.0)
    assert judge(all_three, seed_policy, confidence=0.95).verdict.remarks == (
        "gate E (bins_delta) passes for the copy_last, constant and random predictors too, "
        "so passing it proves nothing here",
    )


def test_only_trivial_controls_make_a_gate_vacuous(
    good_evidence: EvidenceFactory, seed_policy: Policy
) -> None:
    evidence = good_evidence()
    clever = dict.fromkeys(("oracle", "mean_context", "ridge"), evidence.model)
    gates = judge(
        dataclasses.replace(evidence, controls={**evidence.controls, **clever}), seed_policy, confidence=0.95
    ).gates
    assert [gate.vacuous_for for gate in gates] == [(), (), (), (), ("constant",), (), ()]


@pytest.mark.parametrize(
    ("metric", "split", "value", "sentence"),
    [
        ("offset_sweep.margin", "ood", 0.04,
         "offset_sweep.margin on ood is 0.040 [0.030, 0.050], below the required 0.050"),
        ("retrieval.article.r@5", "ood", 0.6,
         "retrieval.article.r@5 on ood is 0.600 [0.590, 0.610], below the required 0.700"),
        ("offset_sweep.margin_prev", "val", 0.0,
         "offset_sweep.margin_prev on val is 0.000 [-0.010, 0.010], not above 0.000 as required"),
        ("ablations.reverse", "val", 0.02,
         "ablations.reverse on val is 0.020 [0.010, 0.030], above the allowed 0.000"),
    ],
)  # fmt: skip
def test_a_required_check_blocks_however_many_gates_pass(
    good_evidence: EvidenceFactory,
    seed_policy: Policy,
    change: Change,
    metric: str,
    split: str,
    value: float,
    sentence: str,
) -> None:
    verdict = judge(change(good_evidence(), metric, split, value=value), seed_policy, confidence=0.95).verdict
    assert verdict.outcome == "blocked"
    assert verdict.gates_passed >= seed_policy.min_gates_passed
    assert verdict.reasons == (sentence,)


def test_what_is_not_required_blocks_only_through_the_number_of_gates(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change
) -> None:
    evidence = change(good_evidence(), "rollout.avg_cos", "val", value=0.1)
    evidence = change(evidence, "bins_delta.delta", PAIR, value=0.2)
    three = judge(evidence, seed_policy, confidence=0.95).verdict
    assert (three.outcome, three.gates_passed) == ("deployable", 3)
    two = judge(
        change(evidence, "retrieval.article.r@5", "val", value=0.1), seed_policy, confidence=0.95
    ).verdict
    assert (two.outcome, two.gates_passed) == ("blocked", 2)
    assert two.reasons == ("2 of the 5 gates passed (A, C), the policy needs 3",)


@pytest.mark.parametrize(
    "broken",
    [
        {"value": math.nan},
        {"value": None, "low": None, "high": None, "reason": "undefined"},
        {"n": 99},
        {"articles": 4},
    ],
)
def test_a_required_check_that_was_not_decided_blocks(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change, broken: dict[str, object]
) -> None:
    judgement = judge(
        change(good_evidence(), "offset_sweep.margin", "ood", **broken), seed_policy, confidence=0.95
    )
    assert judgement.verdict.outcome == "blocked"
    assert judgement.gates[0].status in ("skipped", "error")
    assert len(judgement.verdict.reasons) == 1


def test_a_threshold_inside_the_interval_blocks_where_bounds_decide(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change
) -> None:
    evidence = change(good_evidence(), "offset_sweep.margin", "ood", value=0.06, low=0.04, high=0.08)
    assert judge(evidence, seed_policy, confidence=0.95).verdict.outcome == "deployable"
    judgement = judge(evidence, dataclasses.replace(seed_policy, decide="bound"), confidence=0.95)
    assert judgement.verdict.outcome == "blocked"
    assert judgement.gates[0].status == "inconclusive"


def test_a_split_that_was_not_evaluated_blocks(good_evidence: EvidenceFactory, seed_policy: Policy) -> None:
    evidence = good_evidence()
    alone = Evidence(
        {"val": evidence.model["val"]}, {n: {"val": m["val"]} for n, m in evidence.controls.items()}
    )
    verdict = judge(alone, seed_policy, confidence=0.95).verdict
    assert (verdict.outcome, verdict.gates_passed) == ("blocked", 0)
    assert "offset_sweep.margin on ood was not measured" in verdict.reasons


def test_a_model_that_does_not_beat_ridge_is_told_so(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change
) -> None:
    slower = judge(change(good_evidence(), COS, "val", value=0.5), seed_policy, confidence=0.95).verdict
    assert slower.deployable
    assert slower.remarks[1:] == (
        "the model does not beat ridge on val: cos 0.500 against 0.520, article R@5 0.970 against 0.550",
    )
    recall = "retrieval.article.r@5"
    ranks = judge(change(good_evidence(), recall, "ood", value=0.54), seed_policy, confidence=0.95).verdict
    assert ranks.remarks[1:] == (
        "the model does not beat ridge on ood: cos 0.600 against 0.520, article R@5 0.540 against 0.550",
    )
    equal = change(good_evidence(), recall, "ood", value=0.55)
    assert (
        judge(equal, seed_policy, confidence=0.95).verdict.remarks[1:] == ()
    )  # as good in one, better in the other
    both = judge(change(equal, COS, "ood", value=0.52), seed_policy, confidence=0.95).verdict
    assert both.remarks[1:] == (
        "the model does not beat ridge on ood: cos 0.520 against 0.520, article R@5 0.550 against 0.550",
    )


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_is_judged_like_any_model(
    good_evidence: EvidenceFactory, seed_policy: Policy, name: str
) -> None:
    evidence = good_evidence()
    verdict = judge(
        dataclasses.replace(evidence, model=evidence.controls[name]), seed_policy, confidence=0.95
    ).verdict
    # The oracle passes A, B, D and E, and damaging a context it ignores changes nothing.
    assert verdict.outcome == ("deployable" if name == "oracle" else "blocked")


def test_a_policy_without_backward_bias_has_five_gates(good_evidence: EvidenceFactory) -> None:
    line = PolicyCheck("rollout", "rollout.avg_cos", ("val",), 0.4, None, None, required=False)
    policy = Policy("1.0", "p", "", "point", 1, 100, 5, (line,))
    judgement = judge(good_evidence(), policy, confidence=0.95)
    assert [gate.status for gate in judgement.gates] == ["skipped", "skipped", "skipped", "pass", "skipped"]
    assert judgement.verdict.deployable


def test_a_judgement_depends_on_neither_order_nor_object(
    good_evidence: EvidenceFactory, seed_policy: Policy
) -> None:
    evidence = good_evidence()
    backwards = Evidence(
        dict(reversed(list(evidence.model.items()))),
        {
            name: dict(reversed([(s, dict(reversed(list(rows.items())))) for s, rows in metrics.items()]))
            for name, metrics in reversed(list(evidence.controls.items()))
        },
        dict(reversed(list(evidence.answers.items()))),
    )
    assert judge(backwards, seed_policy, confidence=0.95) == judge(evidence, seed_policy, confidence=0.95)


@pytest.mark.parametrize(("form", "status"), [("float32", "fail"), ("bfloat16", "pass")])
def test_gains_are_compared_with_zero_as_precisely_as_the_answers_are(
    good_evidence: EvidenceFactory, seed_policy: Policy, form: Format, status: str
) -> None:
    """A gain of 0.001 beyond the allowed 0: answers of eight bits say nothing of it."""
    evidence = good_evidence()
    answers = {split: dataclasses.replace(each, weights=form) for split, each in evidence.answers.items()}
    rule = ChampionRule("offset_sweep.margin", ("val",), None, None, max_gain=0.0)
    found = judge(
        dataclasses.replace(evidence, answers=answers),
        dataclasses.replace(seed_policy, champion=(rule,)),
        confidence=0.95,
        gains={"val": {"offset_sweep.margin": Metric(0.001, None, None, 400, 20)}},
    )
    assert [check.status for check in found.checks if check.gate == "champion"] == [status]


@pytest.mark.parametrize(("form", "status"), [("float32", "pass"), ("bfloat16", "fail")])
def test_gains_over_controls_are_compared_likewise(
    good_evidence: EvidenceFactory, seed_policy: Policy, form: Format, status: str
) -> None:
    evidence = good_evidence()
    answers = {split: dataclasses.replace(each, weights=form) for split, each in evidence.answers.items()}
    gains = {"ridge": {"val": {COS: even(0.001, None, None, 400, 20, "one article")}}}
    found = judge(
        dataclasses.replace(evidence, answers=answers, gains=gains),
        dataclasses.replace(seed_policy, controls=(ControlRule("ridge", COS, ("val",), 0.0, None),)),
        confidence=0.95,
    )
    assert [check.status for check in found.checks if check.gate == "control:ridge"] == [status]


@pytest.mark.parametrize(
    ("training", "told"),
    [
        (
            TrainedBy("p6b", 7, "a rule", "val"),
            [
                "val chose the epoch, so its figures are optimistic and those of ood are not; with a split "
                "select, val stays untouched"
            ],
        ),
        (TrainedBy("p6b", 7, "a rule", "select"), []),
        (TrainedBy("ridge", None, None, None), []),
        (None, []),
    ],
)
def test_a_split_that_chose_the_epoch_is_told_to_be_optimistic(
    good_evidence: EvidenceFactory,
    seed_policy: Policy,
    make_report: Callable[[], Report],
    training: TrainedBy | None,
    told: list[str],
) -> None:
    report = make_report()
    model = dataclasses.replace(report.inputs.model, training=training)
    setup = dataclasses.replace(report.setup, inputs=dataclasses.replace(report.inputs, model=model))
    verdict = judge(good_evidence(), seed_policy, confidence=0.95, setup=setup).verdict
    assert list(verdict.remarks[1:]) == told
    assert verdict.deployable


@pytest.mark.parametrize("decide", ["point", "bound"])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_intervals_may_be_wider_than_the_policy_asks_for_and_not_narrower(
    good_evidence: EvidenceFactory, seed_policy: Policy, decide: Decide, confidence: float
) -> None:
    asked = dataclasses.replace(seed_policy, decide=decide)
    verdict = judge(good_evidence(), asked, confidence=confidence).verdict
    assert verdict.reasons == (
        (
            "the intervals have confidence 0.9, the policy decides on intervals of at least 0.95; evaluate "
            "again with --confidence 0.95",
        )
        if (decide, confidence) == ("bound", 0.9)
        else ()
    )
