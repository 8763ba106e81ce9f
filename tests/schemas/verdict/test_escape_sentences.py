"""What the escape test says, split by split, of a model that has escaped or cannot be judged."""

import dataclasses
import math
from collections.abc import Callable

import pytest

from schemas.records.evidence import Evidence
from schemas.verdict.escape import Escape, find_escape, value_of
from tests.schemas.even import even

EvidenceFactory = Callable[[], Evidence]
Change = Callable[..., Evidence]

LIFT, COS = "offset_sweep.lift", "offset_sweep.cos"
UNSEEN = "retrieval.article_unseen.r@5"
CHANCE = "retrieval.article_unseen.chance@5"
UNDECIDED = "whether the model has escaped on {} cannot be decided: {}"


def test_a_good_model_has_not_escaped(good_evidence: EvidenceFactory) -> None:
    assert find_escape(good_evidence()) == Escape((), ())


@pytest.mark.parametrize("value", [None, math.nan, -math.inf])
@pytest.mark.parametrize("split", ["val", "ood"])
@pytest.mark.parametrize(
    ("who", "metric", "why"),
    [
        ("model", LIFT, "offset_sweep.lift is undefined"),
        ("model", UNSEEN, "retrieval.article_unseen.r@5 is undefined"),
        ("model", CHANCE, "retrieval.article_unseen.chance@5 is undefined"),
    ],
)
def test_what_is_undefined_is_named(
    good_evidence: EvidenceFactory,
    change: Change,
    who: str,
    metric: str,
    why: str,
    split: str,
    value: float | None,
) -> None:
    evidence = change(good_evidence(), metric, split, who=who, value=value, low=None, high=None)
    assert find_escape(evidence) == Escape((), (UNDECIDED.format(split, why),))


def test_every_undefined_figure_is_named_once(good_evidence: EvidenceFactory, change: Change) -> None:
    evidence = good_evidence()
    for who, metric in (("model", LIFT), ("model", UNSEEN), ("model", CHANCE)):
        evidence = change(evidence, metric, "val", who=who, value=None, low=None, high=None)
    assert find_escape(evidence).undecided == (
        UNDECIDED.format("val", "offset_sweep.lift is undefined"),
        UNDECIDED.format("val", "retrieval.article_unseen.r@5 is undefined"),
    )


@pytest.mark.parametrize("oracle", ["absent", "empty", "undefined"])
def test_a_model_at_chance_has_escaped_where_no_oracle_excuses_it(
    good_evidence: EvidenceFactory, change: Change, oracle: str
) -> None:
    evidence = change(good_evidence(), UNSEEN, "ood", value=0.1)
    if oracle == "undefined":
        evidence = change(evidence, UNSEEN, "ood", who="oracle", value=None, low=None, high=None)
    else:
        controls = {name: metrics for name, metrics in evidence.controls.items() if name != "oracle"}
        if oracle == "empty":
            controls["oracle"] = {}
        evidence = dataclasses.replace(evidence, controls=controls)
    sentence = (
        "the model has escaped on ood: its article R@5 0.100, context left out, is not above chance 0.100"
    )
    assert find_escape(evidence) == Escape((sentence,), ())


@pytest.mark.parametrize(("best", "excused"), [(0.09, True), (0.1, True), (0.11, False)])
def test_the_oracle_excuses_only_where_it_is_not_above_chance_itself(
    good_evidence: EvidenceFactory, change: Change, best: float, excused: bool
) -> None:
    evidence = change(good_evidence(), UNSEEN, "val", value=0.05)
    found = find_escape(change(evidence, UNSEEN, "val", who="oracle", value=best))
    even = "even the oracle's retrieval.article_unseen.r@5 is not above chance 0.100"
    escaped = (
        "the model has escaped on val: its article R@5 0.050, context left out, is not above chance 0.100"
    )
    assert found == (Escape((), (UNDECIDED.format("val", even),)) if excused else Escape((escaped,), ()))


def test_every_split_and_both_ways_are_told_in_order(good_evidence: EvidenceFactory, change: Change) -> None:
    evidence = good_evidence()
    for split, lift, recall in (("ood", -0.25, 0.01), ("val", -0.5, 0.02)):
        evidence = change(change(evidence, LIFT, split, value=lift), UNSEEN, split, value=recall)
    away = (
        "the model has escaped on {}: its lift {} is not positive, so it is no closer to the target than to "
        "what else could have come"
    )
    chance = "the model has escaped on {}: its article R@5 {}, context left out, is not above chance 0.100"
    assert find_escape(evidence) == Escape(
        (
            away.format("val", "-0.500"),
            chance.format("val", "0.020"),
            away.format("ood", "-0.250"),
            chance.format("ood", "0.010"),
        ),
        (),
    )


def test_where_no_split_was_measured_nothing_is_decided(good_evidence: EvidenceFactory) -> None:
    assert find_escape(dataclasses.replace(good_evidence(), model={})) == Escape(
        (), ("no split was evaluated",)
    )


@pytest.mark.parametrize(
    ("split", "name", "value"),
    [("val", COS, 0.5), ("val", CHANCE, None), ("val", UNSEEN, None), ("val", "x", None), ("ood", COS, None)],
)
def test_only_a_finite_estimate_has_a_value(split: str, name: str, value: float | None) -> None:
    metrics = {
        "val": {
            COS: even(0.5, None, None, 1, 1),
            CHANCE: even(None, 0.1, 0.2, 1, 1),
            UNSEEN: even(math.inf, 0.1, 0.2, 1, 1),
        }
    }
    assert value_of(metrics, split, name) == value
