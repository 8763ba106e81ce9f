import dataclasses
from collections.abc import Callable
from datetime import date

import pytest

from schemas.errors import ReportError
from schemas.reading.consistency import derive
from schemas.reading.report import parse_report, report_to_json
from schemas.reading.strict_json import dumps
from schemas.records.evidence import Evidence
from schemas.records.policy import Policy, PolicyCheck, Severity, Waiver
from schemas.records.report import Report
from schemas.records.splits import PAIR
from schemas.verdict.checks import run_checks
from schemas.verdict.judge import judge
from schemas.verdict.waivers import apply_waivers, describe_waivers, in_force

EvidenceFactory = Callable[[], Evidence]
ReportFactory = Callable[..., Report]
Change = Callable[..., Evidence]

ROLLOUT, DELTA, MARGIN = "rollout.avg_cos", "bins_delta.delta", "offset_sweep.margin"
BEFORE, LAST, AFTER = date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 1)
LOW = "rollout.avg_cos on val is 0.300 [0.290, 0.310], below the required 0.450"
NAMED = "the waiver of rollout.avg_cos on val (rollout)"
BY = "Ada (known since the last data change)"


def waiver(
    gate: str = "rollout",
    metric: str = ROLLOUT,
    splits: tuple[str, ...] = ("val",),
    expires: str = "2026-01-31",
) -> Waiver:
    return Waiver(gate, metric, splits, "Ada", "known since the last data change", expires)


def line(
    metric: str = ROLLOUT,
    splits: tuple[str, ...] = ("val",),
    low: float | None = 0.45,
    high: float | None = None,
    *,
    gate: str | None = None,
    required: bool = True,
    severity: Severity = "error",
) -> PolicyCheck:
    where = gate or metric.partition(".")[0]
    return PolicyCheck(where, metric, splits, low, high, None, required, severity)


def policy(*waivers: Waiver, lines: tuple[PolicyCheck, ...] | None = None, gates: int = 1) -> Policy:
    return Policy("1.0", "p", "", "point", gates, 100, 5, lines or (line(),), waivers=waivers)


@pytest.mark.parametrize(
    ("expires", "on", "counts"),
    [
        ("2026-01-31", BEFORE, True),
        ("2026-01-31", LAST, True),
        ("2026-01-31", AFTER, False),
        ("2026-01-31", date(2025, 12, 31), True),
        ("2026-01-31", date(2027, 1, 1), False),
        ("2025-12-31", date(2026, 1, 1), False),
        ("2024-02-29", date(2024, 2, 29), True),
        ("9999-12-31", date.max, True),
        ("0001-01-01", date.min, True),
        ("9999-12-31", None, False),
    ],
)
def test_a_waiver_counts_through_its_last_day(expires: str, on: date | None, counts: bool) -> None:
    assert in_force(waiver(expires=expires), on) is counts


@pytest.mark.parametrize(
    ("on", "outcome", "status", "passed", "sentence"),
    [
        (BEFORE, "deployable", "waived", 1, f"waived until 2026-01-31 by {BY}: {LOW}"),
        (LAST, "deployable", "waived", 1, f"waived until 2026-01-31 by {BY}: {LOW}"),
        (AFTER, "blocked", "fail", 0, f"{NAMED} by {BY} expired on 2026-01-31 and no longer counts"),
    ],
)
def test_a_model_is_let_through_until_the_waiver_expires(
    good_evidence: EvidenceFactory,
    change: Change,
    on: date,
    outcome: str,
    status: str,
    passed: int,
    sentence: str,
) -> None:
    evidence = change(good_evidence(), ROLLOUT, "val", value=0.3)
    judgement = judge(evidence, policy(waiver()), confidence=0.95, on=on)
    verdict = judgement.verdict
    assert (verdict.outcome, verdict.gates_passed) == (outcome, passed)
    assert verdict.waivers == (sentence,)
    assert [check.status for check in judgement.checks] == [status]
    assert [gate.status for gate in judgement.gates if gate.name == "rollout"] == [status]
    (check,) = judgement.checks
    assert (check.value, check.minimum, check.required, check.sentence) == (0.3, 0.45, True, LOW)
    reasons = (LOW, "0 of the 5 gates passed, the policy needs 1")
    assert verdict.reasons == (() if outcome == "deployable" else reasons)


def test_nothing_is_waived_where_the_day_is_not_known(good_evidence: EvidenceFactory, change: Change) -> None:
    evidence = change(good_evidence(), ROLLOUT, "val", value=0.3)
    never = policy(waiver(expires="9999-12-31"))
    assert judge(evidence, never, confidence=0.95, on=BEFORE).verdict.deployable
    judgement = judge(evidence, never, confidence=0.95)
    assert judgement.verdict.outcome == "blocked"
    assert [check.status for check in judgement.checks] == ["fail"]
    assert len(judgement.verdict.waivers) == 1


@pytest.mark.parametrize("on", [LAST, AFTER])
@pytest.mark.parametrize(
    ("broken", "status", "sentence"),
    [
        (
            {"value": None, "low": None, "high": None, "reason": "no window"},
            "skipped",
            "rollout.avg_cos on val is undefined: no window",
        ),
        ({"value": float("nan")}, "error", "rollout.avg_cos on val is nan, which is not a finite number"),
        (
            {"n": 99},
            "error",
            "rollout.avg_cos on val rests on 99 samples, fewer than the 100 the policy needs",
        ),
    ],
)
def test_what_could_not_be_checked_is_never_waived(
    good_evidence: EvidenceFactory,
    change: Change,
    broken: dict[str, object],
    status: str,
    sentence: str,
    on: date,
) -> None:
    evidence = change(good_evidence(), ROLLOUT, "val", **broken)
    judgement = judge(evidence, policy(waiver()), confidence=0.95, on=on)
    assert [check.status for check in judgement.checks] == [status]
    assert judgement.verdict.outcome == "blocked"
    assert judgement.verdict.waivers == (
        (f"{NAMED} until 2026-01-31 by {BY} does not cover {status}: {sentence}",)
        if on == LAST
        else (f"{NAMED} by {BY} expired on 2026-01-31 and no longer counts",)
    )


def test_what_was_not_measured_at_all_is_never_waived(good_evidence: EvidenceFactory) -> None:
    asked = policy(waiver(splits=("train",)), lines=(line(splits=("train",)),))
    judgement = judge(good_evidence(), asked, confidence=0.95, on=LAST)
    assert judgement.verdict.outcome == "blocked"
    assert judgement.verdict.waivers == (
        f"the waiver of rollout.avg_cos on train (rollout) until 2026-01-31 by {BY} does not cover skipped: "
        "rollout.avg_cos on train was not measured",
    )


def test_a_threshold_inside_the_interval_can_be_waived(
    good_evidence: EvidenceFactory, change: Change
) -> None:
    evidence = change(good_evidence(), ROLLOUT, "val", value=0.46, low=0.44, high=0.48)
    asked = dataclasses.replace(policy(waiver()), decide="bound")
    judgement = judge(evidence, asked, confidence=0.95, on=LAST)
    assert [check.status for check in judgement.checks] == ["waived"]
    assert judgement.verdict.deployable
    assert judgement.verdict.waivers == (
        f"waived until 2026-01-31 by {BY}: rollout.avg_cos on val is 0.460 [0.440, 0.480], an interval that "
        "reaches across the threshold 0.450, so it is inconclusive",
    )


@pytest.mark.parametrize(
    ("on", "sentence"),
    [
        (BEFORE, f"{NAMED} until 2026-01-31 by {BY} is not needed"),
        (LAST, f"{NAMED} until 2026-01-31 by {BY} is not needed"),
        (AFTER, f"{NAMED} by {BY} expired on 2026-01-31 and no longer counts"),
    ],
)
def test_a_waiver_of_what_passes_changes_nothing(
    good_evidence: EvidenceFactory, on: date, sentence: str
) -> None:
    judgement = judge(good_evidence(), policy(waiver()), confidence=0.95, on=on)
    assert [check.status for check in judgement.checks] == ["pass"]
    assert judgement.verdict.waivers == (sentence,)


def test_a_waiver_covers_exactly_its_gate_metric_and_split(
    good_evidence: EvidenceFactory, change: Change
) -> None:
    lines = (
        line(splits=("val", "ood")),
        line("rollout.cos@1", low=0.2),
        line(gate="backward_bias"),
    )
    evidence = good_evidence()
    for split in ("val", "ood"):
        evidence = change(evidence, ROLLOUT, split, value=0.3)
    checks = run_checks(evidence.model, policy(lines=lines))
    assert [check.status for check in checks] == ["fail"] * 4

    def waived(*waivers: Waiver) -> list[int]:
        after = apply_waivers(checks, policy(*waivers, lines=lines), LAST)
        assert [dataclasses.replace(one, status="fail") for one in after] == list(checks)
        return [place for place, check in enumerate(after) if check.status == "waived"]

    assert waived() == []
    assert waived(waiver()) == [0]
    assert waived(waiver(splits=("ood",))) == [1]
    assert waived(waiver(splits=("ood", "val"))) == [0, 1]
    assert waived(waiver(metric="rollout.cos@1")) == [2]
    assert waived(waiver(gate="backward_bias")) == [3]
    assert waived(waiver(), waiver(metric="rollout.cos@1")) == [0, 2]
    assert waived(waiver(expires="2026-01-30"), waiver(metric="rollout.cos@1")) == [2]


def test_every_waiver_and_split_has_a_sentence_in_the_policys_order(
    good_evidence: EvidenceFactory, change: Change
) -> None:
    lines = (line(splits=("val", "ood")), line(DELTA, (PAIR,), None, 0.05), line(gate="backward_bias"))
    asked = policy(
        waiver("bins_delta", DELTA, (PAIR,), "2026-02-28"),
        waiver(splits=("ood", "val")),
        waiver("backward_bias", expires="2026-01-30"),
        lines=lines,
    )
    evidence = change(good_evidence(), ROLLOUT, "val", value=0.3)
    evidence = change(evidence, DELTA, PAIR, value=0.2)
    checks = apply_waivers(run_checks(evidence.model, asked), asked, LAST)
    assert list(describe_waivers(checks, asked, LAST)) == [
        f"waived until 2026-02-28 by {BY}: bins_delta.delta between val and ood is 0.200 [0.190, 0.210], "
        "above the allowed 0.050",
        f"the waiver of rollout.avg_cos on ood (rollout) until 2026-01-31 by {BY} is not needed",
        f"waived until 2026-01-31 by {BY}: {LOW}",
        f"the waiver of rollout.avg_cos on val (backward_bias) by {BY} expired on 2026-01-30 "
        "and no longer counts",
    ]


def test_a_waived_gate_counts_as_passed_and_says_so(good_evidence: EvidenceFactory, change: Change) -> None:
    evidence = change(good_evidence(), ROLLOUT, "val", value=0.3)
    evidence = change(evidence, DELTA, PAIR, value=0.2)
    lines = (line(splits=("val", "ood"), required=False), line(DELTA, (PAIR,), None, 0.05, required=False))
    asked = dataclasses.replace(
        policy(waiver(), lines=lines, gates=2), required_gates=("rollout", "bins_delta")
    )
    judgement = judge(evidence, asked, confidence=0.95, on=LAST)
    assert {gate.name: gate.status for gate in judgement.gates if gate.status != "skipped"} == {
        "rollout": "waived",
        "bins_delta": "fail",
    }
    assert judgement.verdict.gates_passed == 1
    assert judgement.verdict.reasons == (
        "the policy requires gate E (bins_delta), which did not pass (fail)",
        "1 of the 5 gates passed (D), the policy needs 2",
    )


def test_another_failure_under_the_same_gate_still_fails_it(
    good_evidence: EvidenceFactory, change: Change
) -> None:
    evidence = good_evidence()
    for split in ("val", "ood"):
        evidence = change(evidence, ROLLOUT, split, value=0.3)
    judgement = judge(
        evidence, policy(waiver(), lines=(line(splits=("val", "ood")),)), confidence=0.95, on=LAST
    )
    assert [check.status for check in judgement.checks] == ["waived", "fail"]
    assert [gate.status for gate in judgement.gates if gate.name == "rollout"] == ["fail"]
    assert judgement.verdict.outcome == "blocked"


def test_a_waived_warning_no_longer_warns(good_evidence: EvidenceFactory, change: Change) -> None:
    evidence = change(good_evidence(), ROLLOUT, "val", value=0.3)
    lines = (line(MARGIN, low=0.05), line(required=False, severity="warn"))
    warned = judge(evidence, policy(waiver(), lines=lines), confidence=0.95, on=AFTER).verdict
    silent = judge(evidence, policy(waiver(), lines=lines), confidence=0.95, on=LAST).verdict
    assert (warned.outcome, warned.warnings) == ("deployable", (LOW,))
    assert (silent.outcome, silent.warnings) == ("deployable", ())


def test_no_waiver_lets_the_oracle_through(good_evidence: EvidenceFactory, change: Change) -> None:
    evidence = change(good_evidence(), ROLLOUT, "val", who="oracle", value=0.3)
    evidence = change(evidence, ROLLOUT, "val", value=0.3)
    verdict = judge(evidence, policy(waiver()), confidence=0.95, on=LAST).verdict
    assert verdict.outcome == "error"
    assert verdict.reasons == (
        "gate D (rollout) tells nothing of knowledge on this data: the true targets themselves do not pass "
        f"it, their {LOW}",
    )
    assert verdict.waivers == (f"waived until 2026-01-31 by {BY}: {LOW}",)


def test_no_waiver_makes_a_gate_vacuous(good_evidence: EvidenceFactory) -> None:
    judgement = judge(good_evidence(), policy(waiver()), confidence=0.95, on=LAST)
    constant = run_checks(good_evidence().controls["constant"], policy(waiver()))
    assert [check.status for check in constant] == ["fail"]
    assert {gate.vacuous_for for gate in judgement.gates} == {()}


def test_no_waiver_covers_an_escape(good_evidence: EvidenceFactory, change: Change) -> None:
    lift = "offset_sweep.lift"
    asked = policy(waiver("offset_sweep", lift), lines=(line(lift, low=0.05),))
    verdict = judge(change(good_evidence(), lift, "val", value=-0.3), asked, confidence=0.95, on=LAST).verdict
    assert (verdict.outcome, verdict.escaped, verdict.gates_passed) == ("blocked", True, 1)
    assert verdict.reasons == (
        "the model has escaped on val: its lift -0.300 is not positive, so it is no closer to the target "
        "than to what else could have come",
    )


@pytest.mark.parametrize(
    ("created", "status"),
    [
        ("2026-01-31T00:00:00Z", "waived"),
        ("2026-01-31T23:59:59Z", "waived"),
        ("2026-02-01T00:00:00Z", "fail"),
    ],
)
def test_a_report_is_judged_on_the_day_it_was_made(
    make_report: ReportFactory, good_evidence: EvidenceFactory, change: Change, created: str, status: str
) -> None:
    report = make_report(change(good_evidence(), ROLLOUT, "val", value=0.3), policy(waiver()))
    derived = derive(dataclasses.replace(report, created=created))
    assert [check.status for check in derived.checks] == [status]


def test_a_report_with_waivers_reads_back_long_after_they_expired(
    make_report: ReportFactory, good_evidence: EvidenceFactory, change: Change
) -> None:
    report = make_report(change(good_evidence(), ROLLOUT, "val", value=0.3), policy(waiver()))
    assert report.judgement.verdict.deployable
    read = parse_report(dumps(report_to_json(report)))
    assert read == report
    assert read.judgement.verdict.waivers == (f"waived until 2026-01-31 by {BY}: {LOW}",)


def test_a_report_cannot_claim_a_waiver_that_had_expired(
    make_report: ReportFactory, good_evidence: EvidenceFactory, change: Change
) -> None:
    report = make_report(change(good_evidence(), ROLLOUT, "val", value=0.3), policy(waiver()))
    late = dataclasses.replace(report, created="2026-02-01T00:00:00Z")
    with pytest.raises(ReportError, match=r"status is 'waived' where 'fail' follows"):
        parse_report(dumps(report_to_json(late)))
