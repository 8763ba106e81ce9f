"""Where nothing can be decided: a control is missing, or the truth itself does not pass."""

import dataclasses
from collections.abc import Callable

import pytest

from schemas.records.evidence import CONTROLS, Evidence, Metric
from schemas.records.policy import Policy
from schemas.records.splits import PAIR
from schemas.verdict.judge import judge

EvidenceFactory = Callable[[], Evidence]
Change = Callable[..., Evidence]


@pytest.mark.parametrize("metrics", [{}, {PAIR: {}}])
def test_nothing_measured_is_an_error(
    good_evidence: EvidenceFactory, seed_policy: Policy, metrics: dict[str, dict[str, Metric]]
) -> None:
    verdict = judge(dataclasses.replace(good_evidence(), model=metrics), seed_policy, confidence=0.95).verdict
    assert verdict.outcome == "error"
    assert "no split was evaluated" in verdict.reasons


def test_the_oracle_must_pass(good_evidence: EvidenceFactory, seed_policy: Policy, change: Change) -> None:
    evidence = change(good_evidence(), "offset_sweep.margin", "val", who="oracle", value=0.02)
    verdict = judge(evidence, seed_policy, confidence=0.95).verdict
    assert verdict.outcome == "error"
    assert verdict.reasons == (
        "gate A (offset_sweep) tells nothing of knowledge on this data: the true targets themselves do not "
        "pass it, their offset_sweep.margin on val is 0.020 [0.010, 0.030], below the required 0.050",
    )


@pytest.mark.parametrize(
    ("metric", "split", "outcome"),
    [
        ("offset_sweep.margin", "ood", "error"),
        ("retrieval.article.r@5", "ood", "error"),
        ("retrieval.article.r@5", "val", "deployable"),  # required on ood only, and four gates are left
        ("rollout.avg_cos", "val", "deployable"),
        ("bins_delta.delta", PAIR, "deployable"),
        ("ablations.shuffle", "val", "deployable"),  # the oracle ignores the context
        ("ablations.reverse", "val", "deployable"),  # also under backward_bias, which requires it
        ("offset_sweep.margin_last", "val", "error"),
    ],
)
def test_the_oracle_must_pass_what_the_policy_requires(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change, metric: str, split: str, outcome: str
) -> None:
    bad = 0.3 if metric == "bins_delta.delta" or metric.startswith("ablations") else -0.3
    evidence = change(good_evidence(), metric, split, who="oracle", value=bad)
    assert judge(evidence, seed_policy, confidence=0.95).verdict.outcome == outcome


@pytest.mark.parametrize(("needed", "outcome"), [(3, "deployable"), (4, "error"), (5, "error")])
def test_the_oracle_must_pass_as_many_gates_as_the_policy_asks_for(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change, needed: int, outcome: str
) -> None:
    """It fails D and E; C, which it cannot pass, is not held against it."""
    evidence = change(good_evidence(), "rollout.avg_cos", "val", who="oracle", value=0.1)
    evidence = change(evidence, "bins_delta.delta", PAIR, who="oracle", value=0.3)
    asked = dataclasses.replace(seed_policy, min_gates_passed=needed)
    verdict = judge(evidence, asked, confidence=0.95).verdict
    assert verdict.outcome == outcome
    assert [reason.split(" tells")[0] for reason in verdict.reasons] == (
        [] if outcome == "deployable" else ["gate D (rollout)", "gate E (bins_delta)"]
    )


def test_too_few_samples_are_the_reason_not_the_oracle(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change
) -> None:
    evidence = good_evidence()
    for who in ("model", *CONTROLS):
        evidence = change(evidence, "offset_sweep.margin", "val", who=who, n=12)
    verdict = judge(evidence, seed_policy, confidence=0.95).verdict
    assert verdict.outcome == "error"
    assert verdict.reasons == (
        "gate A (offset_sweep) cannot be decided on this data: for the oracle, "
        "offset_sweep.margin on val rests on 12 samples, fewer than the 100 the policy needs",
        "offset_sweep.margin on val rests on 12 samples, fewer than the 100 the policy needs",
    )


def test_an_undefined_metric_of_the_oracle_is_an_error(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change
) -> None:
    gone = {"value": None, "low": None, "high": None, "reason": "no sample"}
    evidence = change(good_evidence(), "rollout.avg_cos", "val", who="oracle", **gone)
    assert judge(evidence, seed_policy, confidence=0.95).verdict.deployable
    asked = dataclasses.replace(seed_policy, required_gates=("rollout",))
    assert judge(evidence, asked, confidence=0.95).verdict.reasons == (
        "gate D (rollout) cannot be decided on this data: for the oracle, "
        "rollout.avg_cos on val is undefined: no sample",
    )


@pytest.mark.parametrize("name", CONTROLS)
@pytest.mark.parametrize("how", ["absent", "empty"])
def test_a_missing_control_is_an_error(
    good_evidence: EvidenceFactory, seed_policy: Policy, name: str, how: str
) -> None:
    evidence = good_evidence()
    controls = {key: value for key, value in evidence.controls.items() if key != name}
    if how == "empty":
        controls[name] = {}
    verdict = judge(dataclasses.replace(evidence, controls=controls), seed_policy, confidence=0.95).verdict
    assert verdict.outcome == "error"
    assert verdict.reasons[0] == (
        f"the control {name!r} was not measured, so nothing shows that the gates are sound here"
    )
