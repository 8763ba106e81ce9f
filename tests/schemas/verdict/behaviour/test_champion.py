"""What a champion rule makes of the gain: its status, and the sentence about it."""

import dataclasses
import math
from collections.abc import Callable

import pytest

from schemas.records.evidence import Evidence
from schemas.records.policy import ChampionRule, Decide, PolicyCheck
from schemas.records.splits import PAIR
from schemas.verdict.judge import judge
from tests.schemas.even import even
from tests.schemas.verdict.champions import (
    DELTA,
    GAIN,
    REVERSE,
    ROLLOUT,
    against,
    only_champion,
    policy,
    rule,
)

EvidenceFactory = Callable[[], Evidence]
Change = Callable[..., Evidence]


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
    measured = {"val": {ROLLOUT: even(0.05, low, high, 400, 20)}}
    asked = policy(rule(least=0.02, decide="bound"))
    judgement = judge(good_evidence(), asked, confidence=0.95, gains=measured)
    assert only_champion(judgement) == (status, sentence)
