"""Records of policies that cannot mean what they say."""

import dataclasses
import math
from typing import Any

import pytest

from schemas.errors import PolicyError
from schemas.reading.policy_rules import check_policy
from schemas.records.metrics import METRICS
from schemas.records.policy import ChampionRule, ControlRule, Decide, PolicyCheck, Waiver
from schemas.records.splits import PAIR
from tests.schemas.rules import BASE, line


def backward() -> PolicyCheck:
    return dataclasses.replace(BASE.checks[0], gate="backward_bias")


def rule(
    loss: float | None = None,
    least: float | None = None,
    most: float | None = None,
    metric: str = "rollout.avg_cos",
    splits: tuple[str, ...] = ("val",),
) -> ChampionRule:
    return ChampionRule(metric, splits, loss, least, most, "error", None)


def over(above: float | None = None, min_gain: float | None = None) -> ControlRule:
    return ControlRule("ridge", "offset_sweep.cos", ("val",), above, min_gain)


def waiver(gate: str = "rollout", splits: tuple[str, ...] = ("val",), expires: str = "2026-01-31") -> Waiver:
    return Waiver(gate, "rollout.avg_cos", splits, "Ada", "known", expires)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"checks": (line("warn", required=True),)},
            "check 1 (rollout.avg_cos): a warning never blocks, so it cannot be required; "
            "drop one of the two",
        ),
        (
            {"checks": (line("warn"),)},
            "min_gates_passed is 1, but only 0 of the five gates have checks, so no model could pass; "
            "lower it or add checks",
        ),
        (
            {"checks": (line("warn"),), "min_gates_passed": 0},
            "min_gates_passed is 0 and no check is required, so every model would pass; "
            "raise it or require a check",
        ),
        *(
            (
                {"required_gates": ("rollout", gate)},
                f"required_gates names {gate!r}, which has no checks, so no model could pass; "
                "add checks or drop it",
            )
            for gate in ("ablations", "champion", "backward_bias", "nothing")
        ),
        (
            {"checks": (line(), backward()), "min_gates_passed": 2},
            "min_gates_passed is 2, but only 1 of the five gates have checks, so no model could pass; "
            "lower it or add checks",
        ),
        (
            {"checks": (line(), backward()), "required_gates": ("backward_bias",)},
            "required_gates names 'backward_bias', which has no checks, so no model could pass; "
            "add checks or drop it",
        ),
        (
            {"champion": (rule(),)},
            "champion rule 1 (rollout.avg_cos): expected max_regression, min_gain or max_gain, found none",
        ),
        (
            {"champion": (rule(loss=0.0, least=0.0),)},
            "champion rule 1 (rollout.avg_cos): max_regression allows a loss that min_gain forbids; "
            "keep one of them",
        ),
        *(
            (
                {"champion": (rule(most=1.0, splits=("ood",)), bad)},
                f"champion rule 2 (rollout.avg_cos): {name} must be a finite number of at least 0, "
                f"found {bound}",
            )
            for bound in (-0.1, -math.inf, math.nan)
            for bad, name in (
                (rule(loss=bound), "max_regression"),
                (rule(least=bound), "min_gain"),
                (rule(most=bound), "max_gain"),
            )
        ),
        *(
            (
                {"champion": (rule(most=0.1, metric=name),)},
                f"champion rule 1 ({name}): no direction of this metric is better, so it has no gain; "
                "choose one that has",
            )
            for name in ("offset_sweep.peak_offset", "offset_sweep.cos@-1", "retrieval.bank.chance@5")
        ),
        (
            {"champion": (rule(most=0.1, metric="rollout.cos"),)},
            "unknown metric 'rollout.cos'; the nearest known one is 'rollout.cos@5'",
        ),
        (
            {"champion": (rule(most=0.1), rule(loss=0.1, splits=("ood", "val")))},
            "champion rule 2 (rollout.avg_cos): rollout.avg_cos on val under champion is already "
            "champion rule 1; keep one of them",
        ),
        (
            {"champion": (rule(most=0.1, splits=(PAIR,)),)},
            "champion rule 1 (rollout.avg_cos): expected splits among train, val, ood, found 'val-ood'",
        ),
        (
            {"waivers": (waiver(splits=("val", "train")),)},
            "waiver 1 (rollout.avg_cos): there is no check of rollout.avg_cos on train under rollout "
            "to waive; the nearest is rollout rollout.avg_cos val",
        ),
        (
            {"waivers": (waiver("champion"),)},
            "waiver 1 (rollout.avg_cos): there is no check of rollout.avg_cos on val under champion "
            "to waive; the nearest is rollout rollout.avg_cos val",
        ),
        (
            {"waivers": (Waiver("data", "data.leaked", ("train",), "Ada", "known", "2026-01-31"),)},
            "waiver 1 (data.leaked): there is no check of data.leaked on train under data to waive; the "
            "nearest is rollout rollout.avg_cos val",
        ),
        (
            {"waivers": (waiver(), waiver(splits=("ood", "val"), expires="2026-02-28"))},
            "waiver 2 (rollout.avg_cos): rollout.avg_cos on val is waived twice; keep one of them",
        ),
        (
            {"checks": (), "champion": (), "waivers": (waiver(),)},
            "waiver 1 (rollout.avg_cos): there is no check of rollout.avg_cos on val under rollout to waive",
        ),
        (
            {"waivers": (waiver(expires="20260228"),)},
            "waiver 1 (rollout.avg_cos): expires must be written YYYY-MM-DD, found '20260228'",
        ),
        (
            {"checks": (dataclasses.replace(BASE.checks[0], gate="champion"),)},
            "check 1 (rollout.avg_cos): a gain is asked for in a [[champion]] table, not in a check",
        ),
        (
            {"checks": (line(), dataclasses.replace(BASE.checks[0], gate="control:ridge"))},
            "check 2 (rollout.avg_cos): a gain is asked for in a [[control]] table, not in a check",
        ),
        *(
            (
                {"controls": (over(0.0, 0.0), over(**{name: bound}))},
                f"control rule 2 (offset_sweep.cos): {name} must be a finite number of at least 0, found "
                f"{bound}",
            )
            for name in ("above", "min_gain")
            for bound in (-0.1, math.inf, math.nan)
        ),
        (
            {"controls": (over(None, 0.0),)},
            "control rule 1 (offset_sweep.cos): a min_gain of 0 is met by the control itself; write above = "
            "0 "
            "to ask for a gain",
        ),
        (
            {"champion": (rule(least=0.2, most=0.1),)},
            "champion rule 1 (rollout.avg_cos): min_gain 0.2 is greater than max_gain 0.1; nothing can pass",
        ),
        (
            {"waivers": (waiver(splits=("val", "val")),)},
            "waiver 1 (rollout.avg_cos): rollout.avg_cos on val is waived twice; keep one of them",
        ),
    ],
)
def test_a_record_that_cannot_mean_what_it_says_is_refused(fields: dict[str, Any], message: str) -> None:
    check_policy(BASE)
    with pytest.raises(PolicyError) as caught:
        check_policy(dataclasses.replace(BASE, **fields))
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["2026-02-30", "2026-1-31", "tomorrow", "", "2026-01-31T00:00:00"])
def test_a_record_with_an_impossible_last_day_is_refused(text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        check_policy(dataclasses.replace(BASE, waivers=(waiver(splits=("ood",)), waiver(expires=text))))
    assert str(caught.value).startswith(f"waiver 2 (rollout.avg_cos): expires {text!r} is no date: ")


@pytest.mark.parametrize(
    "fields",
    [
        {"min_gates_passed": 0, "required_gates": ("rollout",)},
        {"min_gates_passed": 0, "checks": (line(required=True),)},
        {"champion": (rule(most=0.1), rule(loss=0.1, splits=("ood",)), rule(least=0.1, splits=("train",)))},
        {"champion": (rule(loss=0.0, most=0.0),)},
        {"champion": (rule(least=0.1, most=0.1),)},
        {"controls": (over(0.0, 0.0),)},
        {"controls": (over(None, 1e-9),)},
        {"champion": (rule(loss=0.1),), "waivers": (waiver(), waiver("champion"))},
        {"waivers": (waiver(), waiver(splits=("ood",), expires="2020-02-29"))},
        {
            "checks": (line(), dataclasses.replace(line("warn"), gate="backward_bias")),
            "waivers": (waiver("backward_bias"),),
        },
    ],
)
def test_what_can_pass_and_can_fail_is_a_policy(fields: dict[str, Any]) -> None:
    check_policy(dataclasses.replace(BASE, **fields))


def test_every_metric_that_is_better_in_one_direction_can_have_a_rule() -> None:
    allowed = []
    for name, info in METRICS.items():
        policy = dataclasses.replace(
            BASE, champion=(rule(most=0.1, metric=name, splits=(PAIR,) if info.pair else ("val",)),)
        )
        try:
            check_policy(policy)
        except PolicyError:
            continue
        allowed.append(name)
    assert allowed == [name for name, info in METRICS.items() if info.better in ("higher", "lower")]


@pytest.mark.parametrize(("whole", "own"), [("bound", None), ("point", "bound")])
def test_no_interval_of_geometry_decides(whole: Decide, own: Decide | None) -> None:
    shape = PolicyCheck("backward_bias", "geometry.rank_share", ("val",), 0.1, None, None, decide=own)
    policy = dataclasses.replace(BASE, decide=whole)
    with pytest.raises(PolicyError) as caught:
        check_policy(dataclasses.replace(policy, checks=(*policy.checks, shape)))
    assert str(caught.value) == (
        f"check {len(policy.checks) + 1} (geometry.rank_share): the interval of geometry is to first order "
        'and decides nothing; set decide = "point" for it'
    )
    free = dataclasses.replace(shape, decide="point")
    check_policy(dataclasses.replace(policy, checks=(*policy.checks, free)))
