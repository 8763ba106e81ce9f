"""A model that points away from everything, or ranks no better than chance, never passes."""

import dataclasses
import math
from collections.abc import Callable

import pytest

from schemas.records.evidence import Evidence
from schemas.records.policy import Policy
from schemas.verdict.judge import judge

EvidenceFactory = Callable[[], Evidence]
Change = Callable[..., Evidence]

LIFT = "offset_sweep.lift"
COS = "offset_sweep.cos"
UNSEEN = "retrieval.article_unseen.r@5"
CHANCE = "retrieval.article_unseen.chance@5"


@pytest.mark.parametrize(("lift", "shown"), [(-0.28, "-0.280"), (0.0, "0.000"), (1e-6, "0.000")])
def test_a_model_without_lift_has_escaped(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change, lift: float, shown: str
) -> None:
    """A lift of no more than rounding is none."""
    verdict = judge(change(good_evidence(), LIFT, "ood", value=lift), seed_policy, confidence=0.95).verdict
    assert (verdict.outcome, verdict.escaped, verdict.gates_passed) == ("blocked", True, 5)
    assert verdict.reasons == (
        f"the model has escaped on ood: its lift {shown} is not positive, so it is no closer to the target "
        "than to what else could have come",
    )
    above = change(good_evidence(), LIFT, "ood", value=1.1e-6)
    assert judge(above, seed_policy, confidence=0.95).verdict.deployable


def test_coarse_answers_must_exceed_their_own_rounding(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change
) -> None:
    evidence = change(good_evidence(), LIFT, "val", value=0.001)
    coarse = dataclasses.replace(evidence.answers["val"], answered="bfloat16", exact="bfloat16")
    assert judge(evidence, seed_policy, confidence=0.95).verdict.deployable
    evidence = dataclasses.replace(evidence, answers={**evidence.answers, "val": coarse})
    assert judge(evidence, seed_policy, confidence=0.95).verdict.escaped  # 2**-7 / 4 is 0.00195


@pytest.mark.parametrize(
    ("lift", "recall", "outcome"),
    [
        (-0.01, 0.09, "blocked"),
        (1e-6, 0.10, "blocked"),
        (1.1e-6, 0.10, "deployable"),
        (1e-6, 0.11, "deployable"),
        (None, None, "blocked"),
        (None, 0.11, "deployable"),
        (0.01, None, "deployable"),
    ],
)
def test_what_the_sample_shows_neither_way_blocks(
    good_evidence: EvidenceFactory,
    seed_policy: Policy,
    change: Change,
    lift: float | None,
    recall: float | None,
    outcome: str,
) -> None:
    """An interval of the lift that reaches 0 matters only where that of R@5 reaches chance, 0.10."""
    evidence = change(good_evidence(), LIFT, "val", low=lift, reason="one article")
    evidence = change(evidence, UNSEEN, "val", low=recall, reason="one article")
    verdict = judge(evidence, seed_policy, confidence=0.95).verdict
    assert (verdict.outcome, verdict.escaped) == (outcome, False)
    assert verdict.reasons == (
        (
            "whether the model has escaped on val is not shown either way: the interval of its lift reaches "
            "0 and that of its article R@5 reaches chance; evaluate more articles",
        )
        if outcome == "blocked"
        else ()
    )


def test_a_cosine_below_the_constants_is_a_remark_and_no_escape(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change
) -> None:
    verdict = judge(change(good_evidence(), COS, "ood", value=-0.28), seed_policy, confidence=0.95).verdict
    assert (verdict.outcome, verdict.escaped) == ("deployable", False)
    told = (
        "fit for ranking, not for decoding: the cosine to the target on ood is -0.280, that of a constant "
        "prediction 0.400"
    )
    assert told in verdict.remarks
    level = judge(change(good_evidence(), COS, "ood", value=0.40), seed_policy, confidence=0.95).verdict
    assert not any("fit for ranking" in remark for remark in level.remarks)


@pytest.mark.parametrize("recall", [0.05, 0.10])
def test_a_model_not_above_chance_has_escaped(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change, recall: float
) -> None:
    verdict = judge(
        change(good_evidence(), UNSEEN, "val", value=recall), seed_policy, confidence=0.95
    ).verdict
    assert (verdict.outcome, verdict.escaped) == ("blocked", True)
    assert verdict.reasons == (
        f"the model has escaped on val: its article R@5 {recall:.3f}, "
        "context left out, is not above chance 0.100",
    )


def test_articles_of_a_few_chunks_are_no_escape_but_an_error(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change
) -> None:
    evidence = change(change(good_evidence(), UNSEEN, "val", value=1.0), CHANCE, "val", value=1.0)
    verdict = judge(evidence, seed_policy, confidence=0.95).verdict
    assert (verdict.outcome, verdict.escaped) == ("error", False)
    assert verdict.reasons == (
        "whether the model has escaped on val cannot be decided: even the oracle's "
        "retrieval.article_unseen.r@5 is not above chance 1.000",
    )


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
@pytest.mark.parametrize(("who", "metric"), [("model", LIFT), ("model", UNSEEN), ("model", CHANCE)])
def test_an_escape_that_cannot_be_decided_never_passes(
    good_evidence: EvidenceFactory,
    seed_policy: Policy,
    change: Change,
    who: str,
    metric: str,
    value: float | None,
) -> None:
    evidence = change(
        good_evidence(), metric, "val", who=who, value=value, low=None, high=None, reason="unknown"
    )
    verdict = judge(evidence, seed_policy, confidence=0.95).verdict
    assert (verdict.outcome, verdict.escaped) == ("error", False)
    assert verdict.reasons[0].startswith("whether the model has escaped on val cannot be decided: ")


def test_an_escape_is_looked_for_on_every_split_even_those_the_policy_ignores(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change
) -> None:
    evidence = good_evidence()
    extra = Evidence(
        {**evidence.model, "train": evidence.model["val"]},
        {name: {**metrics, "train": metrics["val"]} for name, metrics in evidence.controls.items()},
    )
    assert judge(extra, seed_policy, confidence=0.95).verdict.deployable
    assert judge(change(extra, LIFT, "train", value=-0.1), seed_policy, confidence=0.95).verdict.escaped
