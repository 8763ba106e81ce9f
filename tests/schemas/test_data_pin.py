"""The policy's ``[data]`` table: a report on other data than it names is blocked, and says which."""

import dataclasses
from collections.abc import Callable

import pytest

from schemas.consistency import derive
from schemas.errors import PolicyError
from schemas.policy import DataPin, Policy
from schemas.policy_io import parse_policy
from schemas.report import Evidence, Inputs, Report
from schemas.verdict import judge
from tests.schemas.policies import CHECK, HEAD

EvidenceFactory = Callable[[], Evidence]
ReportFactory = Callable[..., Report]

BANK, VAL, OOD, OTHER = "b" * 64, "1" * 64, "3" * 64, "f" * 64
PREFIX = "evaluated on other data than the policy names: "


def pinned(table: str) -> Policy:
    return parse_policy(f"{HEAD}{CHECK}\n[data]\n{table}\n".encode())


def inputs(make_report: ReportFactory) -> Inputs:
    given = make_report().inputs
    ood = dataclasses.replace(given.splits["ood"], sha256=OOD)
    return dataclasses.replace(given, splits={**given.splits, "ood": ood})


@pytest.mark.parametrize(
    ("table", "pin"),
    [
        (f'bank = "{BANK}"', DataPin(BANK, None, None)),
        (f'val = "{VAL}"', DataPin(None, VAL, None)),
        (f'ood = "{OOD}"', DataPin(None, None, OOD)),
        (f'bank = "{BANK}"\nval = "{VAL}"\nood = "{OOD}"', DataPin(BANK, VAL, OOD)),
    ],
)
def test_the_table_is_read_key_by_key(table: str, pin: DataPin) -> None:
    assert pinned(table).data == pin


def test_a_policy_without_the_table_pins_nothing() -> None:
    assert parse_policy(f"{HEAD}{CHECK}".encode()).data is None


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('bnak = "x"', "bnak"),
        ('bank = "abc"', "data.bank"),
        ("bank = 3", "data.bank"),
        (f'train = "{BANK}"', "train"),
    ],
)
def test_a_bad_table_is_refused(table: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        pinned(table)


@pytest.mark.parametrize(
    ("pin", "objections"),
    [
        (DataPin(BANK, VAL, OOD), ()),
        (DataPin(None, None, None), ()),
        (DataPin(OTHER, VAL, OOD), (f"bank {BANK[:12]} instead of {OTHER[:12]}",)),
        (DataPin(None, OTHER, None), (f"windows of val {VAL[:12]} instead of {OTHER[:12]}",)),
        (DataPin(None, VAL, OTHER), (f"windows of ood {OOD[:12]} instead of {OTHER[:12]}",)),
        (
            DataPin(OTHER, OTHER, OTHER),
            (
                f"bank {BANK[:12]} instead of {OTHER[:12]}",
                f"windows of val {VAL[:12]} instead of {OTHER[:12]}",
                f"windows of ood {OOD[:12]} instead of {OTHER[:12]}",
            ),
        ),
        (DataPin(BANK[:-1] + "c", None, None), (f"bank {BANK[:12]} instead of {BANK[:12]}",)),
    ],
)
def test_what_differs_blocks_and_is_named(
    pin: DataPin,
    objections: tuple[str, ...],
    good_evidence: EvidenceFactory,
    seed_policy: Policy,
    make_report: ReportFactory,
) -> None:
    policy = dataclasses.replace(seed_policy, data=pin)
    verdict = judge(good_evidence(), policy, confidence=0.95, inputs=inputs(make_report)).verdict
    assert verdict.reasons == tuple(f"{PREFIX}{objection}" for objection in objections)
    assert verdict.outcome == ("blocked" if objections else "deployable")


@pytest.mark.parametrize("split", ["val", "ood"])
def test_a_pinned_split_that_was_not_evaluated_blocks(
    split: str, good_evidence: EvidenceFactory, seed_policy: Policy, make_report: ReportFactory
) -> None:
    given = inputs(make_report)
    left = dataclasses.replace(
        given, splits={name: one for name, one in given.splits.items() if name != split}
    )
    policy = dataclasses.replace(seed_policy, data=DataPin(None, VAL, OOD))
    found = judge(good_evidence(), policy, confidence=0.95, inputs=left).verdict.reasons
    wanted = {"val": VAL, "ood": OOD}[split]
    assert found == (f"{PREFIX}windows of {split} none instead of {wanted[:12]}",)


def test_between_the_epochs_of_a_training_the_data_are_no_question(
    good_evidence: EvidenceFactory, seed_policy: Policy
) -> None:
    policy = dataclasses.replace(seed_policy, data=DataPin(OTHER, OTHER, OTHER))
    assert judge(good_evidence(), policy, confidence=0.95).verdict.deployable


def test_a_report_is_judged_with_its_own_inputs_and_confidence(
    make_report: ReportFactory, seed_policy: Policy
) -> None:
    policy = dataclasses.replace(
        seed_policy, data=DataPin(OTHER, None, None), decide="bound", confidence=0.99
    )
    assert derive(make_report(policy=policy)).verdict.reasons == (
        "the intervals have confidence 0.95, the policy decides on intervals of at least 0.99; "
        "evaluate again with --confidence 0.99",
        f"{PREFIX}bank {BANK[:12]} instead of {OTHER[:12]}",
    )
