import dataclasses
import math
from collections.abc import Callable
from datetime import date

import pytest

from schemas.reading.report import parse_report, report_to_json
from schemas.reading.strict_json import dumps
from schemas.records.evidence import Evidence, Metric
from schemas.records.judgement import Judgement
from schemas.records.metrics import GATES
from schemas.records.policy import ChampionRule, Decide, Policy, PolicyCheck, Severity, Waiver
from schemas.records.report import Report
from schemas.records.splits import PAIR
from schemas.verdict.gains import gains
from schemas.verdict.judge import judge
from schemas.verdict.wording import gate_title

EvidenceFactory = Callable[[], Evidence]
ReportFactory = Callable[..., Report]
Change = Callable[..., Evidence]

ROLLOUT, DELTA, REVERSE = "rollout.avg_cos", "bins_delta.delta", "ablations.reverse"
GAIN = "the gain of rollout.avg_cos on val over the champion"


def rule(
    metric: str = ROLLOUT,
    split: str = "val",
    loss: float | None = None,
    least: float | None = None,
    most: float | None = None,
    *,
    severity: Severity = "error",
    decide: Decide | None = None,
) -> ChampionRule:
    return ChampionRule(metric, (split,), loss, least, most, severity, decide)


def policy(*rules: ChampionRule, decide: Decide = "point") -> Policy:
    line = PolicyCheck("rollout", ROLLOUT, ("val",), 0.1, None, None, required=False, decide="point")
    return Policy("1.0", "p", "", decide, 1, 100, 5, (line,), champion=rules)


def against(
    judged: Policy,
    evidence: Evidence,
    champion: Evidence,
    confidence: float = 0.95,
) -> Judgement:
    return judge(evidence, judged, confidence=confidence, gains=gains(evidence, champion))


def only_champion(judgement: Judgement) -> tuple[str, str]:
    (check,) = (check for check in judgement.checks if check.gate == "champion")
    return check.status, check.sentence


@pytest.mark.parametrize(
    ("asked", "champions", "status", "sentence"),
    [
        (rule(loss=0.02), 0.51, "pass", f"{GAIN} is -0.010, at least the required -0.020"),
        (rule(loss=0.02), 0.53, "fail", f"{GAIN} is -0.030, below the required -0.020"),
        (rule(loss=0.0), 0.5, "pass", f"{GAIN} is 0.000, at least the required 0.000"),
        (rule(loss=0.0), 0.51, "fail", f"{GAIN} is -0.010, below the required 0.000"),
        (rule(least=0.02), 0.45, "pass", f"{GAIN} is 0.050, at least the required 0.020"),
        (rule(least=0.02), 0.49, "fail", f"{GAIN} is 0.010, below the required 0.020"),
        (rule(least=0.0), 0.5, "pass", f"{GAIN} is 0.000, at least the required 0.000"),
        (rule(least=0.25), 0.25, "pass", f"{GAIN} is 0.250, at least the required 0.250"),
        (rule(most=0.2), 0.45, "pass", f"{GAIN} is 0.050, at most the allowed 0.200"),
        (rule(most=0.25), 0.25, "pass", f"{GAIN} is 0.250, at most the allowed 0.250"),
        (rule(most=0.2), 0.2, "fail", f"{GAIN} is 0.300, above the allowed 0.200"),
        (rule(most=0.2), 0.9, "pass", f"{GAIN} is -0.400, at most the allowed 0.200"),
        (
            rule(least=0.02, most=0.2), 0.45, "pass",
            f"{GAIN} is 0.050, at least the required 0.020 and at most the allowed 0.200",
        ),
        (rule(loss=0.02, most=0.2), 0.2, "fail", f"{GAIN} is 0.300, above the allowed 0.200"),
        (rule(loss=0.02, most=0.2), 0.55, "fail", f"{GAIN} is -0.050, below the required -0.020"),
    ],
)  # fmt: skip
def test_a_gain_is_compared_with_the_rule(
    good_evidence: EvidenceFactory,
    change: Change,
    asked: ChampionRule,
    champions: float,
    status: str,
    sentence: str,
) -> None:
    champion = change(good_evidence(), ROLLOUT, "val", value=champions)
    judgement = against(policy(asked), good_evidence(), champion)
    verdict = judgement.verdict
    assert only_champion(judgement) == (status, sentence)
    if status == "pass":
        assert (verdict.outcome, verdict.reasons) == ("deployable", ())
    else:
        assert (verdict.outcome, verdict.reasons) == ("blocked", (sentence,))
    assert verdict.warnings == ()


@pytest.mark.parametrize(
    ("metric", "split", "mine", "champions", "status", "sentence"),
    [
        (
            REVERSE, "ood", -0.3, -0.2, "pass",
            "the gain of ablations.reverse on ood over the champion is 0.100, at least the required -0.020",
        ),
        (
            REVERSE, "ood", -0.2, -0.3, "fail",
            "the gain of ablations.reverse on ood over the champion is -0.100, below the required -0.020",
        ),
        (
            DELTA, PAIR, 0.02, 0.05, "pass",
            "the gain of bins_delta.delta between val and ood over the champion is 0.030, "
            "at least the required -0.020",
        ),
        (
            DELTA, PAIR, 0.05, 0.02, "fail",
            "the gain of bins_delta.delta between val and ood over the champion is -0.030, "
            "below the required -0.020",
        ),
        (
            "retrieval.bank.median_rank", "val", 9.0, 2.0, "fail",
            "the gain of retrieval.bank.median_rank on val over the champion is -7.000, "
            "below the required -0.020",
        ),
    ],
)  # fmt: skip
def test_a_metric_that_is_better_when_lower_gains_by_falling(
    good_evidence: EvidenceFactory,
    change: Change,
    metric: str,
    split: str,
    mine: float,
    champions: float,
    status: str,
    sentence: str,
) -> None:
    evidence = change(good_evidence(), metric, split, value=mine)
    champion = change(good_evidence(), metric, split, value=champions)
    judgement = against(policy(rule(metric, split, loss=0.02)), evidence, champion)
    assert only_champion(judgement) == (status, sentence)


def test_a_check_of_the_champion_shows_the_gain_and_its_bounds(
    good_evidence: EvidenceFactory, change: Change
) -> None:
    champion = change(good_evidence(), ROLLOUT, "val", value=0.25)
    judgement = against(policy(rule(loss=0.02, most=0.5)), good_evidence(), champion)
    check = judgement.checks[-1]
    assert (check.gate, check.metric, check.split) == ("champion", ROLLOUT, "val")
    assert (check.value, check.low, check.high) == (0.25, None, None)
    assert (check.minimum, check.maximum, check.above) == (-0.02, 0.5, None)
    assert (check.required, check.severity, check.decide) == (True, "error", "point")


@pytest.mark.parametrize(
    ("asked", "check"),
    [
        (
            rule(loss=0.1, severity="warn", decide="bound"),
            PolicyCheck("champion", ROLLOUT, ("val",), -0.1, None, None, False, "warn", "bound"),
        ),
        (
            rule(least=0.1, most=0.3, decide="point"),
            PolicyCheck("champion", ROLLOUT, ("val",), 0.1, 0.3, None, True, "error", "point"),
        ),
        (
            rule(DELTA, PAIR, most=0.3),
            PolicyCheck("champion", DELTA, (PAIR,), None, 0.3, None, True, "error", None),
        ),
        (
            rule(loss=0.0),
            PolicyCheck("champion", ROLLOUT, ("val",), 0.0, None, None, True, "error", None),
        ),
    ],
)
def test_a_rule_is_a_bound_on_the_gain(asked: ChampionRule, check: PolicyCheck) -> None:
    assert asked.as_check() == check


def test_a_rule_on_several_splits_is_checked_on_each_in_order(
    good_evidence: EvidenceFactory, change: Change
) -> None:
    both = dataclasses.replace(rule(loss=0.02), splits=("ood", "val"))
    champion = change(good_evidence(), ROLLOUT, "ood", value=0.6)
    judgement = against(policy(rule(REVERSE, least=0.0), both), good_evidence(), champion)
    assert [(c.gate, c.metric, c.split, c.status) for c in judgement.checks] == [
        ("rollout", ROLLOUT, "val", "pass"),
        ("champion", REVERSE, "val", "pass"),
        ("champion", ROLLOUT, "ood", "fail"),
        ("champion", ROLLOUT, "val", "pass"),
    ]


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


@pytest.mark.parametrize(
    ("who", "broken", "status", "sentence"),
    [
        (
            "champion",
            {"value": None, "low": None, "high": None, "reason": "no window"},
            "skipped",
            f"{GAIN} is undefined: undefined for the champion: no window",
        ),
        ("champion", {"value": math.nan}, "error", f"{GAIN} is nan, which is not a finite number"),
        ("champion", {"value": -math.inf}, "error", f"{GAIN} is inf, which is not a finite number"),
        (
            "champion",
            {"n": 99},
            "error",
            f"{GAIN} rests on 99 samples, fewer than the 100 the policy needs",
        ),
        (
            "champion",
            {"articles": 4},
            "error",
            f"{GAIN} rests on 4 articles, fewer than the 5 the policy needs",
        ),
        ("model", {"n": 99}, "error", f"{GAIN} rests on 99 samples, fewer than the 100 the policy needs"),
    ],
)
def test_a_gain_that_cannot_be_told_blocks(
    good_evidence: EvidenceFactory,
    change: Change,
    who: str,
    broken: dict[str, object],
    status: str,
    sentence: str,
) -> None:
    damaged, whole = change(good_evidence(), ROLLOUT, "val", **broken), good_evidence()
    evidence, champion = (damaged, whole) if who == "model" else (whole, damaged)
    judgement = against(policy(rule(loss=0.02)), evidence, champion)
    assert only_champion(judgement) == (status, sentence)
    assert judgement.verdict.outcome == "blocked"
    assert sentence in judgement.verdict.reasons


@pytest.mark.parametrize(
    ("few", "sentence"),
    [
        ({"n": 99}, "bins_delta.cos on ood rests on 99 samples, fewer than the 100 the policy needs"),
        ({"articles": 4}, "bins_delta.cos on ood rests on 4 articles, fewer than the 5 the policy needs"),
    ],
)
def test_a_gain_between_two_splits_needs_enough_samples_of_the_champion_on_each(
    good_evidence: EvidenceFactory, change: Change, few: dict[str, object], sentence: str
) -> None:
    champion = change(good_evidence(), "bins_delta.cos", "ood", **few)
    judgement = against(policy(rule(DELTA, PAIR, loss=0.02)), good_evidence(), champion)
    assert only_champion(judgement) == ("error", sentence)


@pytest.mark.parametrize(("rules", "overall"), [("bound", "point"), (None, "bound")])
@pytest.mark.parametrize("champions", [0.3, 0.5, 0.9])
def test_a_gain_without_an_interval_is_inconclusive_where_a_bound_decides(
    good_evidence: EvidenceFactory,
    change: Change,
    rules: Decide | None,
    overall: Decide,
    champions: float,
) -> None:
    champion = change(good_evidence(), ROLLOUT, "val", value=champions)
    asked = policy(rule(loss=0.02, decide=rules), decide=overall)
    judgement = against(asked, good_evidence(), champion)
    gain = {0.3: "0.200", 0.5: "0.000", 0.9: "-0.400"}[champions]
    sentence = (
        f"{GAIN} is {gain}, but has no interval (two reports alone give no interval of their difference; "
        "it needs the scores of both), so it is inconclusive"
    )
    assert only_champion(judgement) == ("inconclusive", sentence)
    assert (judgement.verdict.outcome, judgement.verdict.reasons) == ("blocked", (sentence,))


def test_a_rule_may_be_decided_by_the_point_where_the_policy_asks_for_bounds(
    good_evidence: EvidenceFactory,
) -> None:
    asked = policy(rule(loss=0.02, decide="point"), decide="bound")
    judgement = against(asked, good_evidence(), good_evidence())
    assert only_champion(judgement) == ("pass", f"{GAIN} is 0.000, at least the required -0.020")
    assert judgement.verdict.deployable


@pytest.mark.parametrize(
    ("low", "high", "status", "sentence"),
    [
        (0.03, 0.07, "pass", f"{GAIN} is 0.050 [0.030, 0.070], at least the required 0.020"),
        (
            0.01, 0.07, "inconclusive",
            f"{GAIN} is 0.050 [0.010, 0.070], an interval that reaches across the threshold 0.020, "
            "so it is inconclusive",
        ),
        (0.06, 0.07, "error", f"{GAIN} is 0.05, outside its own interval [0.06, 0.07]"),
    ],
)  # fmt: skip
def test_a_gain_with_an_interval_is_decided_by_it(
    good_evidence: EvidenceFactory, low: float, high: float, status: str, sentence: str
) -> None:
    measured = {"val": {ROLLOUT: Metric(0.05, low, high, 400, 20)}}
    asked = policy(rule(least=0.02, decide="bound"))
    judgement = judge(good_evidence(), asked, confidence=0.95, gains=measured)
    assert only_champion(judgement) == (status, sentence)


@pytest.mark.parametrize("severity", ["error", "warn"])
def test_intervals_of_too_little_confidence_decide_nothing_about_a_gain(
    good_evidence: EvidenceFactory, severity: Severity
) -> None:
    asked = policy(rule(least=0.02, decide="bound", severity=severity))
    measured = {"val": {ROLLOUT: Metric(0.05, 0.03, 0.07, 400, 20)}}
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
    assert [gate.name for gate in judgement.gates] == [*GATES, "backward_bias", "champion"]
    assert (judgement.gates[-1].status, judgement.gates[-1].vacuous_for) == ("pass", ())
    assert (judgement.verdict.outcome, judgement.verdict.gates_passed) == ("deployable", 5)


def test_the_champion_check_has_a_title_of_its_own() -> None:
    assert [gate_title(name) for name in ("champion", "backward_bias", "rollout")] == [
        "the champion check",
        "the backward-bias check",
        "gate D (rollout)",
    ]


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
    measured = {"val": {ROLLOUT: Metric(0.3, None, None, 400, 20), REVERSE: Metric(0.0, None, None, 400, 20)}}
    verdict = judge(good_evidence(), asked, confidence=0.95, gains=measured).verdict
    plain = judge(good_evidence(), policy(), confidence=0.95).verdict
    assert dataclasses.replace(verdict, remarks=()) == dataclasses.replace(plain, remarks=())


def test_a_report_holds_the_rules_but_no_comparison(make_report: ReportFactory) -> None:
    report = make_report(
        policy=policy(rule(loss=0.02, most=0.5, decide="bound"), rule(DELTA, PAIR, least=0.1))
    )
    read = parse_report(dumps(report_to_json(report)))
    assert read == report
    assert read.policy.champion == report.policy.champion
    assert {check.gate for check in read.judgement.checks} == {"rollout"}


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
