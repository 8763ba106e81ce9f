"""What a policy asks relative to controls: one gain, one rule, one status."""

import dataclasses
import math
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from schemas.reading.policy_rules import check_policy
from schemas.records.evidence import RIVALS, Evidence, Gains, Metric
from schemas.records.judgement import Check, Judgement
from schemas.records.policy import ControlRule, Policy, PolicyCheck, Waiver
from schemas.verdict.judge import judge
from tests.schemas.even import even

EvidenceFactory = Callable[[], Evidence]

BITS = "retrieval.article_unseen.bits"
GAIN = f"the gain of {BITS} on val over ridge"
LAST = "2026-01-31"
ORACLE_GAIN = even(3.0, 2.9, 3.1, 400, 20)


def rule(name: str = "ridge", **fields: Any) -> ControlRule:  # noqa: ANN401
    given: dict[str, Any] = {"above": 0.0, "min_gain": 0.02, "decide": "bound", "required": True}
    return ControlRule(name, BITS, ("val",), **(given | fields))


def policy(*rules: ControlRule, **fields: Any) -> Policy:  # noqa: ANN401
    line = PolicyCheck("rollout", "rollout.avg_cos", ("val",), 0.1, None, None)
    return dataclasses.replace(Policy("1.0", "p", "", "point", 0, 100, 5, (line,), controls=rules), **fields)


def over(gain: Metric | None, name: str = "ridge") -> Gains:
    return {} if gain is None else {name: {"val": {BITS: gain}}}


def judged(
    good_evidence: EvidenceFactory,
    asked: Policy,
    gain: Metric | None,
    oracle: Metric | None = ORACLE_GAIN,
    on: date | None = None,
) -> Judgement:
    check_policy(asked)
    evidence = dataclasses.replace(good_evidence(), gains=over(gain), oracle_gains=over(oracle))
    return judge(evidence, asked, confidence=0.95, on=on)


def of_ridge(judgement: Judgement) -> Check:
    (check,) = (check for check in judgement.checks if check.gate == "control:ridge")
    return check


@pytest.mark.parametrize(
    ("fields", "value", "low", "status"),
    [
        ({}, 0.05, 0.01, "pass"),
        ({}, 0.02, 0.01, "pass"),  # min_gain is not strict
        ({}, math.nextafter(0.02, 0), 0.01, "fail"),
        ({}, 0.05, 1e-6, "inconclusive"),  # no more than rounding
        ({}, 0.05, 0.0, "inconclusive"),  # above is strict
        ({}, 0.05, 1.1e-6, "pass"),
        ({}, 0.05, -0.01, "inconclusive"),
        ({}, 0.01, -0.01, "fail"),
        ({}, math.nan, 0.01, "error"),
        ({}, 0.05, math.nan, "error"),
        ({}, 0.05, None, "inconclusive"),
        ({}, 0.01, None, "inconclusive"),
        ({"decide": "point"}, 0.05, -0.5, "pass"),
        ({"decide": "point"}, 0.02, None, "pass"),
        ({"decide": None}, 0.05, -0.5, "pass"),  # as the policy
        ({"decide": "point", "min_gain": None}, 1e-6, None, "fail"),
        ({"decide": "point", "min_gain": None}, 1.1e-6, None, "pass"),
        ({"decide": "point", "min_gain": None}, 0.0, None, "fail"),
        ({"min_gain": None}, 0.001, 0.0005, "pass"),
        ({"min_gain": None, "above": 0.1}, 0.2, 0.1, "inconclusive"),
        ({"min_gain": None, "above": 0.1}, 0.2, 0.11, "pass"),
        ({"above": None}, 0.02, -0.5, "pass"),  # min_gain asks for the estimate
        ({"above": None}, 0.01, -0.5, "fail"),
    ],
)
def test_above_is_what_decide_says_and_min_gain_the_estimate(
    good_evidence: EvidenceFactory, fields: dict[str, Any], value: float, low: float | None, status: str
) -> None:
    high = None if low is None else 2 * value - low
    gain = even(value, low, high, 400, 20, "no interval")
    judgement = judged(good_evidence, policy(rule(**fields)), gain)
    check = of_ridge(judgement)
    assert check.status == status, check.sentence
    assert judgement.verdict.deployable == (status == "pass")
    assert judgement.verdict.reasons == (() if status == "pass" else (check.sentence,))


@pytest.mark.parametrize("control", RIVALS)
@pytest.mark.parametrize("fields", [{}, {"above": None}, {"min_gain": None}, {"decide": "point"}])
def test_what_equals_a_control_never_passes(
    good_evidence: EvidenceFactory, control: str, fields: dict[str, Any]
) -> None:
    asked = policy(rule(control, **fields))
    for half in (0.0, 0.1):
        evidence = dataclasses.replace(
            good_evidence(),
            gains=over(even(0.0, -half, half, 400, 20), control),
            oracle_gains=over(even(3.0, 2.9, 3.1, 400, 20), control),
        )
        assert judge(evidence, asked, confidence=0.95).verdict.outcome == "blocked"


@pytest.mark.parametrize(
    ("gain", "status", "sentence"),
    [
        (
            even(0.05, 0.01, 0.09, 400, 20), "pass",
            f"{GAIN} is 0.050 [0.010, 0.090], at least the required 0.020 and above 0.000 as required",
        ),
        (
            even(0.05, -0.01, 0.11, 400, 20), "inconclusive",
            f"{GAIN} is 0.050 [-0.010, 0.110], an interval that reaches across the threshold 0.000, so it is "
            "inconclusive",
        ),
        (
            even(-0.05, -0.09, -0.01, 400, 20), "fail",
            f"{GAIN} is -0.050 [-0.090, -0.010], below the required 0.020 and not above 0.000 as required",
        ),
        (None, "skipped", f"{GAIN} was not measured"),
        (
            even(0.05, 0.01, 0.09, 99, 20), "error",
            f"{GAIN} rests on 99 samples, fewer than the 100 the policy needs",
        ),
        (
            even(0.05, 0.01, 0.09, 400, 4), "error",
            f"{GAIN} rests on 4 articles, fewer than the 5 the policy needs",
        ),
    ],
)  # fmt: skip
def test_the_sentence_names_metric_split_and_control(
    good_evidence: EvidenceFactory, gain: Metric | None, status: str, sentence: str
) -> None:
    check = of_ridge(judged(good_evidence, policy(rule()), gain))
    assert (check.status, check.sentence) == (status, sentence)


def test_it_is_a_group_of_its_own_and_no_gate(good_evidence: EvidenceFactory) -> None:
    judgement = judged(good_evidence, policy(rule()), even(0.05, 0.01, 0.09, 400, 20))
    assert [gate.name for gate in judgement.gates][5:] == ["control:ridge"]
    assert judgement.gates[-1].status == "pass"
    assert judgement.verdict.gates_passed == 1  # D, the only one of the five with a check


def test_a_warning_only_tells(good_evidence: EvidenceFactory) -> None:
    asked = policy(rule(severity="warn", required=False), min_gates_passed=1)
    judgement = judged(good_evidence, asked, even(0.0, 0.0, 0.0, 400, 20), oracle=None)
    assert judgement.verdict.deployable
    assert judgement.verdict.warnings == (of_ridge(judgement).sentence,)


@pytest.mark.parametrize(("day", "outcome"), [("2026-01-31", "deployable"), ("2026-02-01", "blocked")])
def test_a_waiver_covers_the_rule_of_its_control_until_its_day(
    good_evidence: EvidenceFactory, day: str, outcome: str
) -> None:
    waiver = Waiver("control:ridge", BITS, ("val",), "Ada", "a new corpus", LAST)
    asked = policy(rule(), waivers=(waiver,))
    low = even(0.0, -0.1, 0.1, 400, 20)
    judgement = judged(good_evidence, asked, low, on=date.fromisoformat(day))
    assert judgement.verdict.outcome == outcome
    assert of_ridge(judgement).status == ("waived" if outcome == "deployable" else "fail")
    absent = judged(good_evidence, asked, None, oracle=None, on=date.fromisoformat(LAST))
    assert absent.verdict.outcome == "blocked"


@pytest.mark.parametrize(
    ("gain", "oracle", "outcome"),
    [
        (even(0.05, 0.01, 0.09, 400, 20), even(0.01, 0.0, 0.02, 400, 20), "error"),
        (even(0.05, 0.01, 0.09, 400, 20), even(0.5, -0.1, 1.1, 400, 20), "error"),
        (even(0.05, 0.01, 0.09, 400, 20), None, "error"),
        (None, even(0.5, 0.4, 0.6, 400, 20), "blocked"),
        (None, None, "blocked"),
    ],
)
def test_the_oracle_must_gain_what_the_policy_requires(
    good_evidence: EvidenceFactory, gain: Metric | None, oracle: Metric | None, outcome: str
) -> None:
    verdict = judged(good_evidence, policy(rule()), gain, oracle).verdict
    assert verdict.outcome == outcome
    assert verdict.reasons[0].startswith("the gain over ridge " if outcome == "error" else GAIN)


def test_what_the_oracle_does_not_gain_is_told_in_one_sentence(good_evidence: EvidenceFactory) -> None:
    gain, little = even(0.05, 0.01, 0.09, 400, 20), even(0.01, 0.0, 0.02, 400, 20)
    assert judged(good_evidence, policy(rule()), gain, little).verdict.reasons == (
        "the gain over ridge tells nothing of knowledge on this data: the true targets themselves do not "
        f"pass it, their {GAIN.removeprefix('the ')} is 0.010 [0.000, 0.020], below the required 0.020",
    )


def test_a_rule_that_is_not_required_asks_nothing_of_the_oracle(good_evidence: EvidenceFactory) -> None:
    asked = policy(rule(required=False), min_gates_passed=1)
    zero = even(0.0, 0.0, 0.0, 400, 20)
    assert judged(good_evidence, asked, zero, zero).verdict.deployable
