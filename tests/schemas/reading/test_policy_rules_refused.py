"""Severity, champion rules and waivers in a policy file: what is refused."""

import json

import pytest

from schemas.records.metrics import GATES
from schemas.records.policy import GROUPS
from tests.schemas.rules import ALL, RULE, WAIVER, parsed, refusal, swap

FIVE = '["offset_sweep", "retrieval", "ablations", "rollout", "bins_delta"]'
ANY_GATE = f"{json.dumps([*GATES, *GROUPS])[:160]}..."

REFUSED = {
    "warn required": (
        swap("min = 0.4", 'min = 0.4\nseverity = "warn"\nrequired = true'),
        "check 1 (rollout.avg_cos): a warning never blocks, so it cannot be required; drop one of the two",
    ),
    "only a warning for the number of gates": (
        swap("min = 0.4", 'min = 0.4\nseverity = "warn"'),
        "min_gates_passed is 1, but only 0 of the five gates have checks, so no model could pass; "
        "lower it or add checks",
    ),
    "only a warning for a required gate": (
        swap("passed = 1", 'passed = 0\nrequired_gates = ["rollout"]').replace(
            "min = 0.4", 'min = 0.4\nseverity = "warn"'
        ),
        "required_gates names 'rollout', which has no checks, so no model could pass; add checks or drop it",
    ),
    "required gate without checks": (
        swap("passed = 1", 'passed = 1\nrequired_gates = ["rollout", "retrieval"]'),
        "required_gates names 'retrieval', which has no checks, so no model could pass; "
        "add checks or drop it",
    ),
    "a champion rule is no check of its gate": (
        swap("passed = 1", 'passed = 1\nrequired_gates = ["offset_sweep"]'),
        "required_gates names 'offset_sweep', which has no checks, so no model could pass; "
        "add checks or drop it",
    ),
    "a champion rule counts towards no number": (
        swap("passed = 1", "passed = 2"),
        "min_gates_passed is 2, but only 1 of the five gates have checks, so no model could pass; "
        "lower it or add checks",
    ),
    "nothing asked but by the champion": (
        swap("passed = 1", "passed = 0"),
        "min_gates_passed is 0 and no check is required, so every model would pass; "
        "raise it or require a check",
    ),
    "unknown gate required": (
        swap("passed = 1", 'passed = 1\nrequired_gates = ["rollouts"]'),
        f'$.required_gates[0]: expected one of {FIVE}, found "rollouts"; '
        "the nearest known one is 'rollout'",
    ),
    "champion required": (
        swap("passed = 1", 'passed = 1\nrequired_gates = ["rollout", "champion"]'),
        f'$.required_gates[1]: expected one of {FIVE}, found "champion"; '
        "the nearest known one is 'ablations'",
    ),
    "gate required twice": (
        swap("passed = 1", 'passed = 1\nrequired_gates = ["rollout", "rollout"]'),
        '$.required_gates: ["rollout", "rollout"] has non-unique elements',
    ),
    "check severity": (
        swap("min = 0.4", 'min = 0.4\nseverity = "warning"'),
        '$.check[0].severity: expected one of ["error", "warn"], found "warning"; '
        "the nearest known one is 'warn'",
    ),
    "check decide": (
        swap("min = 0.4", 'min = 0.4\ndecide = "bounds"'),
        '$.check[0].decide: expected one of ["point", "bound"], found "bounds"; '
        "the nearest known one is 'bound'",
    ),
    "rule severity": (
        swap("= 0.02", '= 0.02\nseverity = "eror"'),
        '$.champion[0].severity: expected one of ["error", "warn"], found "eror"; '
        "the nearest known one is 'error'",
    ),
    "rule decide": (
        swap("= 0.02", '= 0.02\ndecide = "points"'),
        '$.champion[0].decide: expected one of ["point", "bound"], found "points"; '
        "the nearest known one is 'point'",
    ),
    "confidence one": (
        swap("passed = 1", "passed = 1\nconfidence = 1"),
        "$.confidence: 1 is greater than or equal to the maximum of 1",
    ),
    "confidence none": (
        swap("passed = 1", "passed = 1\nconfidence = 0.0"),
        "$.confidence: 0.0 is less than or equal to the minimum of 0",
    ),
    "confidence text": (
        swap("passed = 1", 'passed = 1\nconfidence = "95%"'),
        '$.confidence: expected number, found "95%"',
    ),
    "rule without a bound": (
        swap("max_regression = 0.02", ""),
        "champion rule 1 (offset_sweep.margin): expected max_regression, min_gain or max_gain, found none",
    ),
    "rule that allows and forbids a loss": (
        swap("= 0.02", "= 0.02\nmin_gain = 0.0"),
        "champion rule 1 (offset_sweep.margin): max_regression allows a loss that min_gain forbids; "
        "keep one of them",
    ),
    "negative regression": (
        swap("= 0.02", "= -0.02"),
        "$.champion[0].max_regression: -0.02 is less than the minimum of 0",
    ),
    "negative gain": (
        swap("max_regression = 0.02", "min_gain = -0.02"),
        "$.champion[0].min_gain: -0.02 is less than the minimum of 0",
    ),
    "negative largest gain": (
        swap("max_regression = 0.02", "max_gain = -1"),
        "$.champion[0].max_gain: -1 is less than the minimum of 0",
    ),
    "large gain": (
        swap("max_regression = 0.02", "max_gain = 1e10"),
        "$.champion[0].max_gain: 10000000000.0 is greater than the maximum of 1000000000.0",
    ),
    "gain text": (
        swap("max_regression = 0.02", 'min_gain = "0.02"'),
        '$.champion[0].min_gain: expected number, found "0.02"',
    ),
    "rule without a direction": (
        swap("offset_sweep.margin", "offset_sweep.peak_offset"),
        "champion rule 1 (offset_sweep.peak_offset): no direction of this metric is better, "
        "so it has no gain; choose one that has",
    ),
    "rule on an unknown metric": (
        swap("offset_sweep.margin", "offset_sweep.margn"),
        "unknown metric 'offset_sweep.margn'; the nearest known one is 'offset_sweep.margin'",
    ),
    "rule on a pair": (
        swap('"ood"', '"val-ood"'),
        "champion rule 1 (offset_sweep.margin): expected splits among train, val, ood, found 'val-ood'",
    ),
    "pair rule on a split": (
        swap("offset_sweep.margin", "bins_delta.delta"),
        "champion rule 1 (bins_delta.delta): expected splits among val-ood, found 'ood'",
    ),
    "rule twice": (
        swap(RULE, RULE + RULE.replace('["ood"]', '["val", "ood"]')),
        "champion rule 2 (offset_sweep.margin): offset_sweep.margin on ood under champion is already "
        "champion rule 1; keep one of them",
    ),
    "second rule": (
        swap(RULE, RULE + RULE.replace("max_regression = 0.02", "").replace("margin", "cos")),
        "champion rule 2 (offset_sweep.cos): expected max_regression, min_gain or max_gain, found none",
    ),
    "rule without splits": (
        swap('splits = ["ood"]\n', ""),
        "$.champion[0]: 'splits' is a required property",
    ),
    "rule on no split": (swap('["ood"]', "[]"), "$.champion[0].splits: [] should be non-empty"),
    "rules in one table": (
        swap("[[champion]]", "[champion]").replace(WAIVER, ""),
        '$.champion: expected array, found {"metric": "offset_sweep.margin", "splits": ["ood"], '
        '"max_regression": 0.02}',
    ),
    "waived split without a check": (
        swap(WAIVER, WAIVER.replace('"val"', '"val", "ood"')),
        "waiver 1 (rollout.avg_cos): there is no check of rollout.avg_cos on ood under rollout to waive; "
        "the nearest is rollout rollout.avg_cos val",
    ),
    "waived metric without a check": (
        swap(WAIVER, WAIVER.replace("avg_cos", "cos@1")),
        "waiver 1 (rollout.cos@1): there is no check of rollout.cos@1 on val under rollout to waive; "
        "the nearest is rollout rollout.avg_cos val",
    ),
    "waived gate without a check": (
        swap(WAIVER, WAIVER.replace('gate = "rollout"', 'gate = "backward_bias"')),
        "waiver 1 (rollout.avg_cos): there is no check of rollout.avg_cos on val under backward_bias "
        "to waive; the nearest is rollout rollout.avg_cos val",
    ),
    "waived rule that is not there": (
        swap(
            WAIVER,
            WAIVER.replace('"rollout"', '"champion"').replace("rollout.avg_cos", "offset_sweep.margin"),
        ),
        "waiver 1 (offset_sweep.margin): there is no check of offset_sweep.margin on val under champion "
        "to waive; the nearest is champion offset_sweep.margin ood",
    ),
    "waived twice": (
        ALL + WAIVER.replace("Ada", "Bob"),
        "waiver 2 (rollout.avg_cos): rollout.avg_cos on val is waived twice; keep one of them",
    ),
    "waived gate": (
        swap(WAIVER, WAIVER.replace('"rollout"', '"rolout"')),
        f"$.waiver[0].gate: expected one of {ANY_GATE}, found \"rolout\"; the nearest known one is 'rollout'",
    ),
    "waived split": (
        swap(WAIVER, WAIVER.replace('"val"', '"vall"')),
        '$.waiver[0].splits[0]: expected one of ["train", "val", "ood", "val-ood"], found "vall"; '
        "the nearest known one is 'val'",
    ),
    "waived on no split": (
        swap(WAIVER, WAIVER.replace('["val"]', "[]")),
        "$.waiver[0].splits: [] should be non-empty",
    ),
    "waived split twice": (
        swap(WAIVER, WAIVER.replace('["val"]', '["val", "val"]')),
        '$.waiver[0].splits: ["val", "val"] has non-unique elements',
    ),
    "nobody": (swap('"Ada"', '""'), "$.waiver[0].owner: '' should be non-empty"),
    "no reason": (swap('"known"', '""'), "$.waiver[0].reason: '' should be non-empty"),
    "owner over lines": (
        swap('"Ada"', '"A\\nda"'),
        '$.waiver[0].owner: control characters are not allowed, found "A\\nda"',
    ),
    "reason with an escape": (
        swap('"known"', '"\\u001b[2J"'),
        '$.waiver[0].reason: control characters are not allowed, found "\\u001b[2J"',
    ),
    "waivers in one table": (
        swap("[[waiver]]", "[waiver]"),
        '$.waiver: expected array, found {"gate": "rollout", "metric": "rollout.avg_cos", '
        '"splits": ["val"], "owner": "Ada", "reason": "known", "expires": "2026-01-31"}',
    ),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_policy_that_cannot_mean_what_it_says_is_refused(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize("key", ["gate", "metric", "splits", "owner", "reason", "expires"])
def test_a_waiver_says_everything(key: str) -> None:
    shorter = "\n".join(row for row in WAIVER.splitlines() if not row.startswith(key))
    assert refusal(swap(WAIVER, shorter)) == f"$.waiver[0]: '{key}' is a required property"


@pytest.mark.parametrize(
    ("after", "row", "where", "nearest"),
    [
        ("= 0.4", "severty = 1", "$.check[0]", "severity"),
        ("= 0.4", "decides = 1", "$.check[0]", "decide"),
        ("= 0.02", "max_regresion = 1", "$.champion[0]", "max_regression"),
        ("= 0.02", "mingain = 1", "$.champion[0]", "min_gain"),
        ("= 0.02", "max_gains = 1", "$.champion[0]", "max_gain"),
        ("= 0.02", "metrics = 1", "$.champion[0]", "metric"),
        ("= 0.02", "severities = 1", "$.champion[0]", "severity"),
        ("= 2026-01-31", "expire = 1", "$.waiver[0]", "expires"),
        ("= 2026-01-31", "owners = 1", "$.waiver[0]", "owner"),
        ("= 2026-01-31", "gates = 1", "$.waiver[0]", "gate"),
        ("= 2026-01-31", "why_reason = 1", "$.waiver[0]", "reason"),
        ("passed = 1", "required_gate = 1", "$", "required_gates"),
        ("passed = 1", "confidance = 1", "$", "confidence"),
        ("passed = 1", "waivers = []", "$", "waiver"),
        ("passed = 1", "champions = []", "$", "champion"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(
    after: str, row: str, where: str, nearest: str
) -> None:
    key = row.partition(" ")[0]
    message = f"{where}: unknown key \"{key}\"; the nearest known one is '{nearest}'"
    assert refusal(swap(after, f"{after}\n{row}")) == message


@pytest.mark.parametrize("key", ["required", "gate", "min", "max", "above"])
def test_a_champion_rule_has_no_keys_of_a_check(key: str) -> None:
    assert refusal(swap("= 0.02", f"= 0.02\n{key} = 1")).startswith(f'$.champion[0]: unknown key "{key}"; ')


@pytest.mark.parametrize(("key", "old", "most"), [("owner", "Ada", 200), ("reason", "known", 500)])
def test_owner_and_reason_are_of_limited_length(key: str, old: str, most: int) -> None:
    longest = parsed(swap(f'"{old}"', f'"{"ä" * most}"')).waivers[0]
    assert getattr(longest, key) == "ä" * most
    assert refusal(swap(f'"{old}"', f'"{"ä" * (most + 1)}"')) == (
        f"$.waiver[0].{key}: expected at most {most} characters, found {most + 1}"
    )


@pytest.mark.parametrize("name", ["champion", "waiver"])
def test_there_are_at_most_a_thousand_tables(name: str) -> None:
    row = {"champion": RULE, "waiver": WAIVER}[name]
    many = swap(row, row * 1001)
    assert refusal(many).startswith(f"$.{name}: ")
    fewer = refusal(swap(row, row * 1000))
    assert "is already champion rule 1" in fewer or "is waived twice" in fewer
