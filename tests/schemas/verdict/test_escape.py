"""A model that points away from everything, or ranks no better than chance, never passes."""

import math
from collections.abc import Callable

import pytest

from schemas.records.evidence import Evidence
from schemas.records.policy import Policy
from schemas.verdict.judge import judge

EvidenceFactory = Callable[[], Evidence]
Change = Callable[..., Evidence]

COS = "offset_sweep.cos"
UNSEEN = "retrieval.article_unseen.r@5"
CHANCE = "retrieval.article_unseen.chance@5"


def test_a_model_below_the_constant_prediction_has_escaped(
    good_evidence: EvidenceFactory, seed_policy: Policy, change: Change
) -> None:
    verdict = judge(change(good_evidence(), COS, "ood", value=-0.28), seed_policy, confidence=0.95).verdict
    assert (verdict.outcome, verdict.escaped, verdict.gates_passed) == ("blocked", True, 5)
    assert verdict.reasons == (
        "the model has escaped on ood: its cosine to the target -0.280 is below the 0.400 of a constant "
        "prediction, so it points away from everything",
    )
    assert not judge(
        change(good_evidence(), COS, "ood", value=0.40), seed_policy, confidence=0.95
    ).verdict.escaped


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
@pytest.mark.parametrize(
    ("who", "metric"), [("model", COS), ("constant", COS), ("model", UNSEEN), ("model", CHANCE)]
)
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
    assert judge(change(extra, COS, "train", value=0.3), seed_policy, confidence=0.95).verdict.escaped
