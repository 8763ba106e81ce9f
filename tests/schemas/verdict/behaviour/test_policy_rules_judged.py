"""Warnings, required gates, decisions by line and confidence in a verdict."""

import dataclasses
from collections.abc import Callable

import pytest

from schemas.records.evidence import Evidence
from schemas.records.metrics import GATES
from schemas.records.policy import Decide, Policy, PolicyCheck, Severity
from schemas.records.splits import PAIR
from schemas.verdict.judge import judge
from tests.schemas.rules import BASE, line

EvidenceFactory = Callable[[], Evidence]


Change = Callable[..., Evidence]


LOW = "rollout.avg_cos on val is 0.300 [0.290, 0.310], below the required 0.400"


def test_a_warning_is_told_but_neither_blocks_nor_fails_its_gate(
    good_evidence: EvidenceFactory, change: Change
) -> None:
    margin = PolicyCheck("offset_sweep", "offset_sweep.margin", ("val",), 0.05, None, None, required=False)
    both = dataclasses.replace(line("warn"), splits=("val", "ood", "train"))
    kept = PolicyCheck("rollout", "rollout.cos@1", ("val",), 0.0, None, None, required=False)
    policy = dataclasses.replace(BASE, checks=(both, margin, kept), min_gates_passed=2)
    judgement = judge(change(good_evidence(), "rollout.avg_cos", "val", value=0.3), policy, confidence=0.95)
    assert [check.status for check in judgement.checks] == ["fail", "pass", "skipped", "pass", "pass"]
    assert [gate.status for gate in judgement.gates if gate.name == "rollout"] == ["pass"]
    assert (judgement.verdict.outcome, judgement.verdict.reasons) == ("deployable", ())
    assert judgement.verdict.warnings == (LOW, "rollout.avg_cos on train was not measured")


def test_a_gate_of_warnings_alone_is_skipped_however_well_they_pass(good_evidence: EvidenceFactory) -> None:
    judgement = judge(good_evidence(), dataclasses.replace(BASE, checks=(line("warn"),)), confidence=0.95)
    assert [check.status for check in judgement.checks] == ["pass", "pass"]
    assert {gate.status for gate in judgement.gates} == {"skipped"}
    assert judgement.verdict.warnings == ()
    assert judgement.verdict.reasons == ("0 of the 5 gates passed, the policy needs 1",)


def test_a_warning_asks_nothing_of_the_controls(good_evidence: EvidenceFactory, change: Change) -> None:
    evidence = change(good_evidence(), "rollout.avg_cos", "val", who="oracle", value=0.3)
    margin = PolicyCheck("offset_sweep", "offset_sweep.margin", ("val",), 0.05, None, None, required=False)
    low = dataclasses.replace(line("warn"), minimum=0.1)
    warned = judge(evidence, dataclasses.replace(BASE, checks=(line("warn"), margin)), confidence=0.95)
    assert warned.verdict.outcome == "deployable"
    assert judge(
        evidence, dataclasses.replace(BASE, checks=(line(), margin)), confidence=0.95
    ).verdict.deployable  # gate A is enough
    needed = dataclasses.replace(BASE, checks=(line(), margin), min_gates_passed=2)
    assert judge(evidence, needed, confidence=0.95).verdict.reasons == (
        "gate D (rollout) tells nothing of knowledge on this data: the true targets themselves do not pass "
        f"it, their {LOW}",
    )
    easy = judge(good_evidence(), dataclasses.replace(BASE, checks=(low, margin)), confidence=0.95)
    assert {gate.vacuous_for for gate in easy.gates} == {()}


@pytest.mark.parametrize("gate", GATES)
def test_a_required_gate_blocks_by_itself(
    good_evidence: EvidenceFactory, change: Change, seed_policy: Policy, gate: str
) -> None:
    metric, split, letter = {
        "offset_sweep": ("offset_sweep.margin", "val", "A"),
        "retrieval": ("retrieval.article.r@5", "val", "B"),
        "ablations": ("ablations.shuffle", "ood", "C"),
        "rollout": ("rollout.avg_cos", "val", "D"),
        "bins_delta": ("bins_delta.delta", PAIR, "E"),
    }[gate]
    bad = 0.3 if metric.startswith(("ablations", "bins_delta")) else -0.3
    evidence = change(good_evidence(), metric, split, value=bad)
    checks = tuple(dataclasses.replace(one, required=False) for one in seed_policy.checks)
    plain = dataclasses.replace(seed_policy, checks=checks)
    assert judge(evidence, plain, confidence=0.95).verdict.deployable
    others = tuple(name for name in GATES if name != gate)
    assert judge(
        evidence, dataclasses.replace(plain, required_gates=others), confidence=0.95
    ).verdict.deployable
    verdict = judge(evidence, dataclasses.replace(plain, required_gates=(gate,)), confidence=0.95).verdict
    assert (verdict.outcome, verdict.gates_passed) == ("blocked", 4)
    assert verdict.reasons == (f"the policy requires gate {letter} ({gate}), which did not pass (fail)",)


@pytest.mark.parametrize(
    ("overall", "own", "status"),
    [
        ("point", None, "pass"),
        ("point", "bound", "inconclusive"),
        ("bound", None, "inconclusive"),
        ("bound", "point", "pass"),
        ("point", "point", "pass"),
        ("bound", "bound", "inconclusive"),
    ],
)
def test_a_line_may_decide_otherwise_than_its_policy(
    good_evidence: EvidenceFactory, change: Change, overall: Decide, own: Decide | None, status: str
) -> None:
    evidence = change(good_evidence(), "rollout.avg_cos", "val", value=0.41, low=0.39, high=0.43)
    policy = dataclasses.replace(
        BASE, decide=overall, checks=(dataclasses.replace(line(), splits=("val",), decide=own),)
    )
    (check,) = judge(evidence, policy, confidence=0.95).checks
    assert (check.status, check.decide) == (status, "bound" if status == "inconclusive" else "point")


TOO_NARROW = (
    "the intervals have confidence 0.9, the policy decides on intervals of at least 0.95; "
    "evaluate again with --confidence 0.95"
)


@pytest.mark.parametrize(
    ("overall", "own", "severity", "confidence", "reasons"),
    [
        ("bound", None, "error", 0.9, (TOO_NARROW,)),
        ("point", "bound", "error", 0.9, (TOO_NARROW,)),
        ("point", "bound", "warn", 0.9, (TOO_NARROW,)),
        ("bound", None, "error", 0.95, ()),
        ("bound", None, "error", 0.99, ()),
        ("point", None, "error", 0.9, ()),
        ("bound", "point", "error", 0.9, ()),
    ],
)
def test_bounds_need_intervals_of_the_policys_confidence(
    good_evidence: EvidenceFactory,
    overall: Decide,
    own: Decide | None,
    severity: Severity,
    confidence: float,
    reasons: tuple[str, ...],
) -> None:
    first = dataclasses.replace(line(severity), decide=own)
    kept = PolicyCheck("rollout", "rollout.cos@1", ("val",), 0.0, None, None, required=False, decide="point")
    verdict = judge(
        good_evidence(),
        dataclasses.replace(BASE, decide=overall, checks=(first, kept)),
        confidence=confidence,
    ).verdict
    assert (verdict.outcome, verdict.reasons) == ("error" if reasons else "deployable", reasons)
