"""Severity, champion rules and waivers in a policy file: what is read, and what is left out."""

import pytest

from schemas.reading.policy import load_policy
from schemas.records.policy import ChampionRule, ControlRule, Policy, PolicyCheck, Waiver
from schemas.records.splits import PAIR
from tests.schemas.policies import CHECK, HEAD
from tests.schemas.rules import RULE, WAIVER, parsed, refusal, swap


def test_what_is_left_out_has_its_default() -> None:
    policy = parsed(HEAD + CHECK + RULE)
    assert (policy.confidence, policy.required_gates, policy.waivers) == (0.95, (), ())
    assert policy.checks == (
        PolicyCheck("rollout", "rollout.avg_cos", ("val",), 0.4, None, None, False, "error", None),
    )
    assert policy.champion == (
        ChampionRule("offset_sweep.margin", ("ood",), 0.02, None, None, "error", None),
    )
    assert parsed(HEAD + CHECK).champion == ()


def test_a_record_has_the_same_defaults_as_a_file() -> None:
    line = PolicyCheck("rollout", "rollout.avg_cos", ("val",), 0.4, None, None, required=False)
    assert Policy("1.0", "mine", "for tests", "point", 1, 10, 2, (line,)) == parsed(HEAD + CHECK)


def test_every_new_key_is_read() -> None:
    policy = parsed(
        HEAD
        + 'confidence = 0.99\nrequired_gates = ["rollout", "ablations"]\n'
        + CHECK
        + 'decide = "bound"\n'
        + '[[check]]\ngate = "ablations"\nmetric = "ablations.shuffle"\nsplits = ["ood"]\nmax = 0\n'
        + '[[check]]\ngate = "retrieval"\nmetric = "retrieval.bank.mrr"\nsplits = ["ood"]\nmin = 0.1\n'
        + 'severity = "warn"\ndecide = "point"\n'
        + RULE
        + 'max_gain = 0.3\nseverity = "warn"\ndecide = "bound"\n'
        + f'[[champion]]\nmetric = "bins_delta.delta"\nsplits = ["{PAIR}"]\nmin_gain = 0\n'
        + WAIVER
        + '[[waiver]]\ngate = "champion"\nmetric = "offset_sweep.margin"\nsplits = ["ood"]\n'
        + 'owner = "Bob"\nreason = "new"\nexpires = "2027-02-28"\n'
    )
    assert (policy.confidence, policy.required_gates) == (0.99, ("rollout", "ablations"))
    assert [(line.severity, line.decide) for line in policy.checks] == [
        ("error", "bound"),
        ("error", None),
        ("warn", "point"),
    ]
    assert policy.champion == (
        ChampionRule("offset_sweep.margin", ("ood",), 0.02, None, 0.3, "warn", "bound"),
        ChampionRule("bins_delta.delta", (PAIR,), None, 0.0, None, "error", None),
    )
    assert policy.waivers == (
        Waiver("rollout", "rollout.avg_cos", ("val",), "Ada", "known", "2026-01-31"),
        Waiver("champion", "offset_sweep.margin", ("ood",), "Bob", "new", "2027-02-28"),
    )


@pytest.mark.parametrize("name", ["seed-5cat", "strict-5cat"])
def test_the_builtin_policies_use_none_of_it(name: str) -> None:
    policy = load_policy(name).policy
    assert (policy.confidence, policy.required_gates, policy.champion, policy.waivers) == (0.95, (), (), ())
    assert {(line.severity, line.decide) for line in policy.checks} == {("error", None)}


@pytest.mark.parametrize("written", ["2026-01-31", '"2026-01-31"', "'2026-01-31'"])
def test_the_last_day_is_a_date_or_text(written: str) -> None:
    assert [one.expires for one in parsed(swap("2026-01-31", written)).waivers] == ["2026-01-31"]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("2026-01-31T12:00:00Z", '"2026-01-31 12:00:00+00:00"'),
        ("2026-01-31T00:00:00", '"2026-01-31 00:00:00"'),
        ("2026-01-31 00:00:00", '"2026-01-31 00:00:00"'),
        ("12:00:00", '"12:00:00"'),
        ("20260131", "20260131"),
    ],
)
def test_a_last_day_with_a_clock_is_refused(written: str, found: str) -> None:
    assert refusal(swap("2026-01-31", written)) == f"$.waiver[0].expires: expected string, found {found}"


@pytest.mark.parametrize(
    "text",
    ["20260131", "2026-W05-6", "2026-1-31", "31.01.2026", "2026-01-31T12:00:00Z", "2026-01-31 ", "", "never"],
)
def test_a_last_day_has_one_form(text: str) -> None:
    message = refusal(swap("2026-01-31", f'"{text}"'))
    assert message.startswith(f"$.waiver[0].expires: {text!r} does not match ")


@pytest.mark.parametrize("text", ["2026-02-30", "2026-13-01", "2026-00-10", "2025-02-29", "0000-01-01"])
def test_an_impossible_last_day_is_refused(text: str) -> None:
    expected = f"waiver 1 (rollout.avg_cos): expires {text!r} is no date: "
    assert refusal(swap("2026-01-31", f'"{text}"')).startswith(expected)


def test_an_impossible_last_day_without_quotes_is_no_toml() -> None:
    assert refusal(swap("2026-01-31", "2026-02-30")).startswith("not TOML: ")


CONTROL = """
[[control]]
name = "ridge"
metric = "retrieval.article_unseen.bits"
splits = ["val", "ood"]
above = 0
min_gain = 0.02
decide = "bound"
required = true
"""


def test_a_rule_against_a_control_is_read() -> None:
    (found,) = parsed(HEAD + CHECK + CONTROL).controls
    assert found == ControlRule(
        "ridge", "retrieval.article_unseen.bits", ("val", "ood"), 0.0, 0.02, "bound", "error", required=True
    )
    assert parsed((HEAD + CHECK + CONTROL).replace("min_gates_passed = 1", "min_gates_passed = 0"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            '"ridge"',
            '"zzz"',
            "control rule 1 (retrieval.article_unseen.bits): unknown control 'zzz'; known controls: "
            "copy_last, mean_context, constant, random, ridge, ridge_centred, copy_last_centred, copy_mix, "
            "logit",
        ),
        (
            '"ridge"',
            '"rigde"',
            "control rule 1 (retrieval.article_unseen.bits): unknown control 'rigde'; did you mean 'ridge'? "
            "known controls: copy_last, mean_context, constant, random, ridge, ridge_centred, "
            "copy_last_centred, copy_mix, logit",
        ),
        (
            '"ridge"',
            '"oracle"',
            "control rule 1 (retrieval.article_unseen.bits): the oracle must be able to pass every rule, "
            "and it gains nothing over itself; choose among copy_last, mean_context, constant, random, "
            "ridge, ridge_centred, copy_last_centred, copy_mix, logit",
        ),
        (
            "_unseen.bits",
            "_unseen.bit",
            "unknown metric 'retrieval.article_unseen.bit'; the nearest known one is "
            "'retrieval.article_unseen.bits'",
        ),
        (
            "_unseen.bits",
            ".r@5",
            "control rule 1 (retrieval.article.r@5): a report holds no gains over controls in this metric; "
            "choose among retrieval.article_unseen.bits, offset_sweep.lift, offset_sweep.cos, "
            "retrieval.article_unseen.r@5, retrieval.article_unseen.mrr",
        ),
        (
            "above = 0\nmin_gain = 0.02\n",
            "",
            "control rule 1 (retrieval.article_unseen.bits): expected above, min_gain or both, found none",
        ),
        (
            "above = 0\nmin_gain = 0.02\n",
            "min_gain = 0\n",
            "control rule 1 (retrieval.article_unseen.bits): a min_gain of 0 is met by the control itself; "
            "write above = 0 to ask for a gain",
        ),
        (
            "required = true",
            'required = true\nseverity = "warn"',
            "control rule 1 (retrieval.article_unseen.bits): a warning never blocks, so it cannot be "
            "required; drop one of the two",
        ),
        (
            '"ood"]',
            '"val-ood"]',
            "control rule 1 (retrieval.article_unseen.bits): expected splits among train, val, ood, found "
            "'val-ood'",
        ),
        ("above = 0\n", "above = -0.1\n", "$.control[0].above: -0.1 is less than the minimum of 0"),
    ],
)
def test_a_rule_against_a_control_that_cannot_mean_what_it_says_is_refused(
    old: str, new: str, words: str
) -> None:
    assert refusal(HEAD + CHECK + swap(old, new, CONTROL)) == words


def test_a_rule_is_known_by_its_control_metric_and_split() -> None:
    other = CONTROL.replace('"ridge"', '"constant"')
    assert len(parsed(HEAD + CHECK + CONTROL + other).controls) == 2
    assert refusal(HEAD + CHECK + CONTROL + CONTROL) == (
        "control rule 2 (retrieval.article_unseen.bits): retrieval.article_unseen.bits on val under "
        "control:ridge is already control rule 1; keep one of them"
    )
    waiver = WAIVER.replace('"rollout"', '"control:ridge"').replace(
        "rollout.avg_cos", "retrieval.article_unseen.bits"
    )
    assert parsed(HEAD + CHECK + CONTROL + waiver)
    assert "the nearest is control:constant" in refusal(HEAD + CHECK + other + waiver)
