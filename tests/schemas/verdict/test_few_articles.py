"""Whom too few articles bar from passing, by the articles alone."""

import itertools
from dataclasses import replace

import pytest

from schemas.reading.policy import load_policy
from schemas.records.metrics import BITS_KNOWN, GATES
from schemas.records.policy import ControlRule, Policy, PolicyCheck
from schemas.verdict.few_articles import lacking

ENOUGH, FEW, UNEQUAL = (12, 8.0), (11, 11.0), (40, 7.43)
SKILL, SEED = (load_policy(name).policy for name in ("skill", "seed-5cat"))
EMPTY = replace(SEED, checks=(), min_gates_passed=0, required_gates=())


def said(policy: Policy, val: tuple[int, float], ood: tuple[int, float] = ENOUGH) -> list[str]:
    return [sentence.split(", ")[0] for sentence in lacking(policy, {"val": val, "ood": ood})]


def test_the_sentence_says_what_is_missing_and_what_to_do() -> None:
    assert lacking(SKILL, {"val": FEW, "ood": UNEQUAL}) == (
        "val has 11 articles, fewer than the 12 an interval needs to decide, and the policy skill decides by "
        "intervals; name more articles",
        "the 40 articles of ood weigh as 7.4 equal ones, fewer than the 8 an interval needs to decide, and "
        "the policy skill decides by intervals; name more articles",
    )
    assert lacking(SKILL, {"val": ENOUGH, "ood": ENOUGH}) == ()
    assert lacking(SKILL, {}) == ()


def test_estimates_decide_on_any_number_of_articles() -> None:
    assert lacking(SEED, {"val": (1, 1.0), "ood": FEW}) == ()
    assert said(replace(SEED, decide="bound"), FEW) == ["val has 11 articles"]


def line(gate: str = "retrieval", splits: tuple[str, ...] = ("val",), **more: object) -> PolicyCheck:
    metric = {"retrieval": "retrieval.article.mrr", "bins_delta": "bins_delta.delta"}.get(
        gate, "rollout.avg_cos"
    )
    fields = {"severity": "error", "decide": "bound", "minimum": 0.0, "required": True} | more
    return replace(SEED.checks[0], gate=gate, metric=metric, splits=splits, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("check", "stopped"),
    [
        (line(), True),
        (line(splits=("ood",)), False),
        (line("bins_delta", ("val-ood",)), True),
        (line(required=False), False),
        (line(decide=None), False),
        (line(decide="point"), False),
        (line(severity="warn", required=False), False),
        (line("data"), True),
        (line("data", required=False), False),
        (line(splits=("ood", "val")), True),
    ],
)
def test_only_what_a_model_must_pass_by_an_interval_stops_it(check: PolicyCheck, stopped: bool) -> None:
    assert bool(said(replace(EMPTY, checks=(check,)), FEW)) is stopped


def test_what_counts_towards_no_number_of_gates_is_not_missed() -> None:
    policy = replace(EMPTY, checks=(line("data", required=False),), min_gates_passed=1)
    assert said(policy, FEW) == []
    warning = line("rollout", required=False, severity="warn", decide="point")
    assert said(replace(policy, checks=(line(required=False), warning)), FEW) == ["val has 11 articles"]


def test_a_gain_that_is_required_stops_too() -> None:
    rule = next(each for each in SKILL.controls if each.required)
    assert isinstance(rule, ControlRule)
    assert rule.metric == BITS_KNOWN
    assert said(replace(EMPTY, controls=(rule,)), FEW)
    assert not said(replace(EMPTY, controls=(replace(rule, required=False),)), FEW)


@pytest.mark.parametrize(("required", "stopped"), [(("rollout",), True), (("retrieval",), False)])
def test_a_gate_that_is_required_stops_with_any_line(required: tuple[str, ...], stopped: bool) -> None:
    lines = (line("rollout", required=False), line(required=False, decide="point"))
    assert bool(said(replace(EMPTY, checks=lines, required_gates=required), FEW)) is stopped


def test_as_many_gates_as_are_needed_must_be_left() -> None:
    """Against every choice of gates whose only line is decided by an interval on val."""
    for bound, needed in itertools.product(itertools.product((True, False), repeat=5), range(6)):
        lines = tuple(
            line(gate, required=False, decide="bound" if mine else "point")
            for gate, mine in zip(GATES, bound, strict=True)
        )
        found = said(replace(EMPTY, checks=lines, min_gates_passed=needed), FEW)
        assert bool(found) is (bound.count(False) < needed and any(bound))
