"""What the known-answer controls say about the gates: which failures of the oracle count and which do not."""

import dataclasses
from collections.abc import Callable, Mapping

import pytest

from schemas.records.evidence import CONTROLS, Evidence, Metrics
from schemas.records.policy import Policy
from schemas.verdict.soundness import check_controls, unsound, vacuous_for

EvidenceFactory = Callable[[], Evidence]
Change = Callable[..., Evidence]

MARGIN = "offset_sweep.margin"
GONE: Mapping[str, object] = {"value": None, "low": None, "high": None, "reason": "no window"}


def reasons(evidence: Evidence, policy: Policy) -> list[str]:
    return unsound(evidence, policy, check_controls(evidence, policy))


def without(evidence: Evidence, who: str, split: str, name: str) -> Evidence:
    """The evidence as if ``who`` had not been measured by one metric."""

    def cut(metrics: Metrics) -> Metrics:
        rows = {key: metric for key, metric in metrics[split].items() if key != name}
        return {**metrics, split: rows}

    if who == "model":
        return dataclasses.replace(evidence, model=cut(evidence.model))
    controls = {**evidence.controls, who: cut(evidence.controls[who])}
    return dataclasses.replace(evidence, controls=controls)


def test_nothing_is_said_of_sound_gates(good_evidence: EvidenceFactory, seed_policy: Policy) -> None:
    assert reasons(good_evidence(), seed_policy) == []


def test_the_policys_checks_are_made_of_every_control_that_is_there(
    good_evidence: EvidenceFactory, seed_policy: Policy
) -> None:
    evidence = good_evidence()
    lines = [(line.gate, line.metric, split) for line in seed_policy.checks for split in line.splits]
    found = check_controls(evidence, seed_policy)
    assert found.keys() == set(CONTROLS)
    for name, checks in found.items():
        assert [(check.gate, check.metric, check.split) for check in checks] == lines
        values = [evidence.controls[name][check.split][check.metric].value for check in checks]
        assert [check.value for check in checks] == values
    alone = dataclasses.replace(evidence, controls={"ridge": evidence.controls["ridge"]})
    assert check_controls(alone, seed_policy).keys() == {"ridge"}


def test_an_oracle_that_may_or_may_not_pass_does_not_pass(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change
) -> None:
    by_bounds = dataclasses.replace(seed_policy, decide="bound")
    evidence = change(good_evidence(), MARGIN, "val", who="oracle", value=0.06, low=0.04, high=0.08)
    assert reasons(evidence, seed_policy) == []
    assert reasons(evidence, by_bounds) == [
        "gate A (offset_sweep) cannot be decided on this data: for the oracle, offset_sweep.margin on val is "
        "0.060 [0.040, 0.080], an interval that reaches across the threshold 0.050, so it is inconclusive"
    ]


def test_a_true_failure_is_named_before_a_check_that_could_not_be_made(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change
) -> None:
    evidence = change(good_evidence(), MARGIN, "val", who="oracle", **GONE)
    undecided = (
        "gate A (offset_sweep) cannot be decided on this data: for the oracle, "
        "offset_sweep.margin on val is undefined: no window"
    )
    assert reasons(evidence, seed_policy) == [undecided]
    evidence = change(evidence, MARGIN, "ood", who="oracle", value=0.0)
    assert reasons(evidence, seed_policy) == [
        "gate A (offset_sweep) tells nothing of knowledge on this data: the true targets themselves do not "
        "pass it, their offset_sweep.margin on ood is 0.000 [-0.010, 0.010], below the required 0.050"
    ]


def test_gates_are_named_in_their_order_after_the_missing_controls(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change
) -> None:
    evidence = good_evidence()
    seed_policy = dataclasses.replace(seed_policy, min_gates_passed=4)
    for name in ("rollout.avg_cos", "retrieval.article.r@5"):
        evidence = change(evidence, name, "ood", who="oracle", value=0.1)
    controls = {name: evidence.controls[name] for name in CONTROLS if name not in ("ridge", "copy_last")}
    found = reasons(dataclasses.replace(evidence, controls=controls), seed_policy)
    assert [reason.split(",")[0].split(" on this")[0] for reason in found] == [
        "the control 'copy_last' was not measured",
        "the control 'ridge' was not measured",
        "gate B (retrieval) tells nothing of knowledge",
        "gate D (rollout) tells nothing of knowledge",
    ]


def test_without_an_oracle_only_its_absence_is_told(
    good_evidence: EvidenceFactory, seed_policy: Policy
) -> None:
    evidence = good_evidence()
    controls = {name: metrics for name, metrics in evidence.controls.items() if name != "oracle"}
    assert reasons(dataclasses.replace(evidence, controls=controls), seed_policy) == [
        "the control 'oracle' was not measured, so nothing shows that the gates are sound here"
    ]


BANK = "retrieval.bank.r@5"


@pytest.mark.parametrize("searched", [True, False])
def test_controls_that_were_not_ranked_in_the_bank_decide_no_rule_on_it(
    good_evidence: EvidenceFactory, seed_policy: Policy, searched: bool
) -> None:
    line = next(line for line in seed_policy.checks if line.gate == "retrieval" and line.required)
    policy = dataclasses.replace(seed_policy, checks=(dataclasses.replace(line, metric=BANK, minimum=0.0),))
    evidence = good_evidence() if searched else without(good_evidence(), "oracle", "ood", BANK)
    told = (
        f"gate B (retrieval) cannot be decided by this report: {BANK} ranks in the whole bank, and the "
        "controls were ranked in their articles only; evaluate again under this policy, or with --full"
    )
    assert (told in reasons(evidence, policy)) is not searched


UNMEASURED = (
    "gate A (offset_sweep) cannot be decided on this data: for the oracle, "
    "offset_sweep.margin on ood was not measured"
)
UNDEFINED = (
    "gate A (offset_sweep) cannot be decided on this data: for the oracle, "
    "offset_sweep.margin on ood is undefined: no window"
)


@pytest.mark.parametrize(
    ("model", "oracle", "expected"),
    [
        ("measured", "measured", []),
        ("measured", "not measured", [UNMEASURED]),
        ("measured", "undefined", [UNDEFINED]),
        ("undefined", "not measured", [UNMEASURED]),
        ("undefined", "undefined", [UNDEFINED]),
        ("not measured", "measured", []),
        ("not measured", "undefined", [UNDEFINED]),
        ("not measured", "not measured", []),  # nobody looked: that says nothing about the data
    ],
)
def test_what_was_measured_for_nobody_says_nothing_about_the_data(
    good_evidence: EvidenceFactory,
    seed_policy: Policy,
    change: Change,
    model: str,
    oracle: str,
    expected: list[str],
) -> None:
    evidence = good_evidence()
    for who, state in (("model", model), ("oracle", oracle)):
        if state == "undefined":
            evidence = change(evidence, MARGIN, "ood", who=who, **GONE)
        if state == "not measured":
            evidence = without(evidence, who, "ood", MARGIN)
    assert reasons(evidence, seed_policy) == expected


def test_a_split_measured_for_nobody_says_nothing_about_the_data(
    good_evidence: EvidenceFactory, seed_policy: Policy
) -> None:
    evidence = good_evidence()

    def only_val(metrics: Metrics) -> Metrics:
        return {"val": metrics["val"]}

    alone = Evidence(
        only_val(evidence.model), {who: only_val(rows) for who, rows in evidence.controls.items()}
    )
    assert reasons(alone, seed_policy) == []
    seen = dataclasses.replace(alone, model=evidence.model)
    bare = tuple(line for line in seed_policy.checks if line.gate != "backward_bias")
    assert reasons(seen, dataclasses.replace(seed_policy, checks=bare)) == [
        f"{gate} cannot be decided on this data: for the oracle, {metric} was not measured"
        for gate, metric in (
            ("gate A (offset_sweep)", "offset_sweep.margin on ood"),
            ("gate B (retrieval)", "retrieval.article.r@5 on ood"),
            ("gate D (rollout)", "rollout.avg_cos on ood"),
            ("gate E (bins_delta)", "bins_delta.delta between val and ood"),
        )
    ]


def test_a_gate_is_vacuous_for_the_trivial_controls_that_pass_it_whole(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change
) -> None:
    def vacuous(evidence: Evidence, gate: str) -> tuple[str, ...]:
        return vacuous_for(gate, check_controls(evidence, seed_policy))

    half = change(good_evidence(), MARGIN, "val", who="random", value=0.3)
    assert vacuous(half, "offset_sweep") == ()
    whole = change(half, MARGIN, "ood", who="random", value=0.3)
    assert vacuous(whole, "offset_sweep") == ("random",)
    for split in ("val", "ood"):
        for who in ("copy_last", "mean_context", "ridge"):
            whole = change(whole, MARGIN, split, who=who, value=0.3)
    assert vacuous(whole, "offset_sweep") == ("copy_last", "random")
    assert vacuous(whole, "no gate at all") == ()  # what has no checks is passed by nobody
    assert vacuous_for("offset_sweep", {}) == ()
