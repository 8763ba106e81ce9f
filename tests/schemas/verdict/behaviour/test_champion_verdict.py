"""What champion rules mean for the verdict: without a champion, as warnings, beside the gates, waived."""

import dataclasses
from collections.abc import Callable
from datetime import date

import pytest

from schemas.records.evidence import Evidence
from schemas.records.metrics import GATES
from schemas.records.policy import Policy, Severity, Waiver
from schemas.verdict.gains import gains
from schemas.verdict.judge import judge
from tests.schemas.even import even
from tests.schemas.verdict.champions import GAIN, REVERSE, ROLLOUT, against, only_champion, policy, rule

EvidenceFactory = Callable[[], Evidence]
Change = Callable[..., Evidence]


def test_without_a_comparison_the_rules_are_left_out_with_a_remark(good_evidence: EvidenceFactory) -> None:
    judgement = judge(good_evidence(), policy(rule(least=0.9)), confidence=0.95)
    assert judgement.verdict.deployable
    assert [check.gate for check in judgement.checks] == ["rollout"]
    assert [gate.name for gate in judgement.gates] == list(GATES)
    vacuous = (
        "gate D (rollout) passes for the copy_last and constant predictors too, "
        "so passing it proves nothing here"
    )
    assert judgement.verdict.remarks == (
        vacuous,
        "the policy's champion rules were not applied: nothing was compared with a champion",
    )
    for other in (
        judge(good_evidence(), policy(), confidence=0.95),
        judge(good_evidence(), policy(rule(least=0.9)), confidence=0.95, gains={}),
    ):
        assert other.verdict.remarks == (vacuous,)


def test_a_policy_without_rules_asks_nothing_of_the_gains(
    good_evidence: EvidenceFactory, change: Change
) -> None:
    worse = change(good_evidence(), ROLLOUT, "val", value=0.2)
    assert against(policy(), worse, good_evidence()) == judge(worse, policy(), confidence=0.95)


def test_a_missing_champion_blocks(good_evidence: EvidenceFactory) -> None:
    judgement = judge(good_evidence(), policy(rule(loss=0.02)), confidence=0.95, gains={})
    assert only_champion(judgement) == ("skipped", f"{GAIN} was not measured")
    assert judgement.verdict.outcome == "blocked"
    assert judgement.verdict.reasons == (f"{GAIN} was not measured",)


def test_a_missing_champion_only_warns_where_the_rule_only_warns(good_evidence: EvidenceFactory) -> None:
    asked = policy(rule(loss=0.02, severity="warn"))
    judgement = judge(good_evidence(), asked, confidence=0.95, gains={})
    assert only_champion(judgement)[0] == "skipped"
    assert (judgement.verdict.outcome, judgement.verdict.reasons) == ("deployable", ())
    assert judgement.verdict.warnings == (f"{GAIN} was not measured",)


@pytest.mark.parametrize("severity", ["error", "warn"])
def test_intervals_of_too_little_confidence_decide_nothing_about_a_gain(
    good_evidence: EvidenceFactory, severity: Severity
) -> None:
    asked = policy(rule(least=0.02, decide="bound", severity=severity))
    measured = {"val": {ROLLOUT: even(0.05, 0.03, 0.07, 400, 20)}}
    verdict = judge(good_evidence(), asked, confidence=0.9, gains=measured).verdict
    assert (verdict.outcome, verdict.reasons) == (
        "error",
        (
            "the intervals have confidence 0.9, the policy decides on intervals of at least 0.95; "
            "evaluate again with --confidence 0.95",
        ),
    )
    assert judge(good_evidence(), asked, confidence=0.95, gains=measured).verdict.deployable
    assert judge(good_evidence(), asked, confidence=0.9).verdict.deployable


def test_champion_is_no_sixth_gate(good_evidence: EvidenceFactory, seed_policy: Policy) -> None:
    asked = dataclasses.replace(seed_policy, champion=(rule(loss=0.02),))
    judgement = against(asked, good_evidence(), good_evidence())
    assert [gate.name for gate in judgement.gates] == [*GATES, "backward_bias", "data", "champion"]
    assert (judgement.gates[-1].status, judgement.gates[-1].vacuous_for) == ("pass", ())
    assert (judgement.verdict.outcome, judgement.verdict.gates_passed) == ("deployable", 5)


def test_a_lost_champion_rule_fails_no_gate_of_the_five(
    good_evidence: EvidenceFactory, change: Change, seed_policy: Policy
) -> None:
    asked = dataclasses.replace(seed_policy, champion=(rule(loss=0.02),), min_gates_passed=5)
    champion = change(good_evidence(), ROLLOUT, "val", value=0.9)
    judgement = against(asked, good_evidence(), champion)
    assert {gate.name: gate.status for gate in judgement.gates if gate.status != "pass"} == {
        "champion": "fail"
    }
    assert (judgement.verdict.outcome, judgement.verdict.gates_passed) == ("blocked", 5)
    assert judgement.verdict.reasons == (f"{GAIN} is -0.400, below the required -0.020",)


def test_a_warning_about_the_champion_blocks_nothing(good_evidence: EvidenceFactory, change: Change) -> None:
    champion = change(good_evidence(), ROLLOUT, "val", value=0.53)
    judgement = against(policy(rule(loss=0.02, severity="warn")), good_evidence(), champion)
    verdict = judgement.verdict
    assert (verdict.outcome, verdict.reasons) == ("deployable", ())
    assert verdict.warnings == (f"{GAIN} is -0.030, below the required -0.020",)
    assert (judgement.gates[-1].name, judgement.gates[-1].status) == ("champion", "skipped")


def test_rules_are_never_asked_of_the_controls(good_evidence: EvidenceFactory) -> None:
    asked = policy(rule(least=0.25), rule(REVERSE, least=0.0))
    measured = {
        "val": {
            ROLLOUT: even(0.3, None, None, 400, 20),
            REVERSE: even(0.0, None, None, 400, 20),
        }
    }
    verdict = judge(good_evidence(), asked, confidence=0.95, gains=measured).verdict
    plain = judge(good_evidence(), policy(), confidence=0.95).verdict
    assert dataclasses.replace(verdict, remarks=()) == dataclasses.replace(plain, remarks=())


@pytest.mark.parametrize(
    ("on", "outcome", "sentence"),
    [
        (
            date(2026, 1, 31),
            "deployable",
            f"waived until 2026-01-31 by Ada (a new corpus): {GAIN} is -0.030, below the required -0.020",
        ),
        (
            date(2026, 2, 1),
            "blocked",
            "the waiver of rollout.avg_cos on val (champion) by Ada (a new corpus) expired on 2026-01-31 "
            "and no longer counts",
        ),
    ],
)
def test_a_rule_can_be_waived(
    good_evidence: EvidenceFactory, change: Change, on: date, outcome: str, sentence: str
) -> None:
    waiver = Waiver("champion", ROLLOUT, ("val",), "Ada", "a new corpus", "2026-01-31")
    asked = dataclasses.replace(policy(rule(loss=0.02)), waivers=(waiver,))
    champion = change(good_evidence(), ROLLOUT, "val", value=0.53)
    compared = gains(good_evidence(), champion)
    verdict = judge(good_evidence(), asked, confidence=0.95, on=on, gains=compared).verdict
    assert (verdict.outcome, verdict.waivers) == (outcome, (sentence,))


def test_a_waiver_of_a_missing_champion_does_not_cover_it(good_evidence: EvidenceFactory) -> None:
    waiver = Waiver("champion", ROLLOUT, ("val",), "Ada", "a new corpus", "2026-01-31")
    asked = dataclasses.replace(policy(rule(loss=0.02)), waivers=(waiver,))
    on = date(2026, 1, 31)
    verdict = judge(good_evidence(), asked, confidence=0.95, on=on, gains={}).verdict
    assert (verdict.outcome, verdict.waivers) == (
        "blocked",
        (
            "the waiver of rollout.avg_cos on val (champion) until 2026-01-31 by Ada (a new corpus) "
            f"does not cover skipped: {GAIN} was not measured",
        ),
    )
    alone = judge(good_evidence(), asked, confidence=0.95, on=on).verdict
    assert (alone.outcome, alone.waivers) == (
        "deployable",
        (
            "the waiver of rollout.avg_cos on val (champion) until 2026-01-31 by Ada (a new corpus) "
            "is not needed",
        ),
    )
