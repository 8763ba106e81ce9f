"""Champion rules and waivers, as text and as records."""

import dataclasses

import pytest

from schemas.errors import PolicyError
from schemas.reading.policy import parse_policy
from schemas.records.policy import Policy, PolicyCheck, Severity
from tests.schemas.policies import CHECK, HEAD

RULE = """
[[champion]]
metric = "offset_sweep.margin"
splits = ["ood"]
max_regression = 0.02
"""


WAIVER = """
[[waiver]]
gate = "rollout"
metric = "rollout.avg_cos"
splits = ["val"]
owner = "Ada"
reason = "known"
expires = 2026-01-31
"""


ALL = HEAD + CHECK + RULE + WAIVER


def swap(old: str, new: str, text: str = ALL) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


def parsed(text: str) -> Policy:
    return parse_policy(text.encode())


def refusal(text: str) -> str:
    with pytest.raises(PolicyError) as caught:
        parsed(text)
    return str(caught.value)


BASE = Policy(
    schema_version="1.0",
    name="p",
    description="",
    decide="point",
    min_gates_passed=1,
    min_samples=10,
    min_articles=2,
    checks=(PolicyCheck("rollout", "rollout.avg_cos", ("val", "ood"), 0.4, None, None, required=False),),
)


def line(severity: Severity = "error", required: bool = False) -> PolicyCheck:
    return dataclasses.replace(BASE.checks[0], severity=severity, required=required)
