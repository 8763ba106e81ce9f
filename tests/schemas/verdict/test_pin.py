"""The policy's ``[data]`` table: a report on other data, or on a draw of its own choosing, is blocked."""

import dataclasses
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from schemas.errors import PolicyError
from schemas.reading.consistency import derive
from schemas.reading.policy import parse_policy
from schemas.records.evidence import Evidence
from schemas.records.inputs import Setup
from schemas.records.policy import DataPin, Policy, Waiver
from schemas.records.report import Report
from schemas.verdict.judge import judge
from schemas.verdict.pin import objections
from tests.schemas.policies import CHECK, HEAD

EvidenceFactory = Callable[[], Evidence]
ReportFactory = Callable[..., Report]

BANK, VAL, OOD, TRAIN, OTHER = "b" * 64, "1" * 64, "3" * 64, "7" * 64, "f" * 64
DATA = "evaluated on other data than the policy names: "
SETTING = "evaluated otherwise than the policy names: "
ALL = (
    "a draw that the policy does not name; evaluate again without --max-samples and --max-per-article, or "
    "let the policy name them and seed under [data]"
)


def pinned(table: str) -> Policy:
    return parse_policy(f"{HEAD}{CHECK}\n[data]\n{table}\n".encode())


@pytest.fixture
def setup(make_report: ReportFactory) -> Setup:
    """All windows of val and ood, which differ."""
    given = make_report().setup
    splits = {
        name: dataclasses.replace(split, sampled=split.windows, eligible=split.windows, sha256=digest)
        for (name, split), digest in zip(sorted(given.inputs.splits.items()), (OOD, VAL), strict=True)
    }
    return dataclasses.replace(given, inputs=dataclasses.replace(given.inputs, splits=splits))


def drawn(setup: Setup, counts: dict[str, int], **settings: Any) -> Setup:  # noqa: ANN401
    """The setup with so many windows of each split."""
    splits = {
        name: dataclasses.replace(split, sampled=counts.get(name, split.sampled))
        for name, split in setup.inputs.splits.items()
    }
    return Setup(
        dataclasses.replace(setup.inputs, splits=splits), dataclasses.replace(setup.settings, **settings)
    )


@pytest.mark.parametrize(
    ("table", "pin"),
    [
        (f'bank = "{BANK}"', DataPin(bank=BANK)),
        (f'val = "{VAL}"', DataPin(val=VAL)),
        (f'ood = "{OOD}"', DataPin(ood=OOD)),
        (f'train = "{TRAIN}"', DataPin(train=TRAIN)),
        ("context = 5\nhorizon = 2", DataPin(context=5, horizon=2)),
        ("bin_edges = [0.4, 0.6]", DataPin(bin_edges=(0.4, 0.6))),
        ("max_per_article = 60\nseed = 0", DataPin(max_per_article=60, seed=0)),
        ("max_samples = 2000\nseed = 0", DataPin(max_samples=2000, seed=0)),
        ("seed = 7", DataPin(seed=7)),
        (f'bank = "{BANK}"\nval = "{VAL}"\nood = "{OOD}"', DataPin(bank=BANK, val=VAL, ood=OOD)),
    ],
)
def test_the_table_is_read_key_by_key(table: str, pin: DataPin) -> None:
    assert pinned(table).data == pin


def test_a_policy_without_the_table_pins_nothing() -> None:
    assert parse_policy(f"{HEAD}{CHECK}".encode()).data is None


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('bnak = "x"', "$.data: unknown key \"bnak\"; the nearest known one is 'bank'"),
        ('bank = "abc"', "$.data.bank: 'abc' does not match '^[0-9a-f]{64}(?![\\\\s\\\\S])'"),
        ("bank = 3", "$.data.bank: expected string, found 3"),
        ('train = "speeches"', "$.data.train: 'speeches' does not match '^[0-9a-f]{64}(?![\\\\s\\\\S])'"),
        ("context = 0", "$.data.context: 0 is less than the minimum of 1"),
        ("horizon = true", "$.data.horizon: expected integer, found true"),
        ("max_samples = 0\nseed = 0", "$.data.max_samples: 0 is less than the minimum of 1"),
        (
            "max_samples = 100",
            "data names max_samples without a seed, so the report's author would choose the draw; name the "
            "seed as well",
        ),
        ("max_per_article = 0\nseed = 0", "$.data.max_per_article: 0 is less than the minimum of 1"),
        (
            "max_per_article = 60",
            "data names max_per_article without a seed, so the report's author would choose the draw; name "
            "the seed as well",
        ),
        ("seed = -1", "$.data.seed: -1 is less than the minimum of 0"),
        ("bin_edges = [0.4]", "$.data.bin_edges: [0.4] is too short"),
        ("bin_edges = [0.6, 0.4]", "data.bin_edges: expected ascending edges, found 0.6 and 0.4"),
    ],
)
def test_a_bad_table_is_refused(table: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        pinned(table)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("pin", "objections"),
    [
        (DataPin(BANK, VAL, OOD, TRAIN), ()),
        (DataPin(), ()),
        (DataPin(OTHER, VAL, OOD), (f"{DATA}bank {BANK[:12]} instead of {OTHER[:12]}",)),
        (DataPin(val=OTHER), (f"{DATA}windows of val {VAL[:12]} instead of {OTHER[:12]}",)),
        (DataPin(None, VAL, OTHER), (f"{DATA}windows of ood {OOD[:12]} instead of {OTHER[:12]}",)),
        (DataPin(train=OTHER), (f"{DATA}windows of train {TRAIN[:12]} instead of {OTHER[:12]}",)),
        (
            DataPin(OTHER, OTHER, OTHER),
            (
                f"{DATA}bank {BANK[:12]} instead of {OTHER[:12]}",
                f"{DATA}windows of val {VAL[:12]} instead of {OTHER[:12]}",
                f"{DATA}windows of ood {OOD[:12]} instead of {OTHER[:12]}",
            ),
        ),
        (DataPin(BANK[:-1] + "c"), (f"{DATA}bank {BANK[:12]} instead of {BANK[:12]}",)),
        (DataPin(context=5, horizon=1, bin_edges=(0.45, 0.55), seed=0), ()),
        (DataPin(context=6), (f"{SETTING}context 5 instead of 6",)),
        (DataPin(horizon=2), (f"{SETTING}horizon 1 instead of 2",)),
        (DataPin(bin_edges=(0.4, 0.55)), (f"{SETTING}bin edges 0.45 to 0.55 instead of 0.4 to 0.55",)),
        (DataPin(seed=3), (f"{SETTING}seed 0 instead of 3",)),
    ],
)
def test_what_differs_blocks_and_is_named(
    pin: DataPin,
    objections: tuple[str, ...],
    good_evidence: EvidenceFactory,
    seed_policy: Policy,
    setup: Setup,
) -> None:
    policy = dataclasses.replace(seed_policy, data=pin)
    verdict = judge(good_evidence(), policy, confidence=0.95, setup=setup).verdict
    assert verdict.reasons == objections
    assert verdict.outcome == ("blocked" if objections else "deployable")


DRAW = DataPin(max_samples=400, seed=0)


@pytest.mark.parametrize(
    ("pin", "counts", "settings", "objections"),
    [
        (DataPin(val=VAL, ood=OOD), {}, {}, ()),
        # A cap that keeps every window is no draw, whatever the seed.
        (DataPin(val=VAL, ood=OOD), {}, {"max_samples": 900, "seed": 17}, ()),
        (DataPin(val=VAL), {"val": 899}, {}, (f"evaluated on 899 of the 900 windows of val, {ALL}",)),
        (DataPin(ood=OOD), {"ood": 1}, {}, (f"evaluated on 1 of the 900 windows of ood, {ALL}",)),
        (DataPin(val=VAL), {"ood": 400}, {}, ()),
        (DataPin(BANK), {"val": 400, "ood": 400}, {}, ()),
        # A seed alone names no draw.
        (
            DataPin(val=VAL, seed=0),
            {"val": 400},
            {},
            (f"evaluated on 400 of the 900 windows of val, {ALL}",),
        ),
        (DRAW, {"val": 400, "ood": 400}, {"max_samples": 400}, ()),
        (dataclasses.replace(DRAW, val=VAL), {"val": 400, "ood": 400}, {"max_samples": 400}, ()),
        (dataclasses.replace(DRAW, max_samples=5000), {}, {}, ()),
        (
            DRAW,
            {"val": 400},
            {"max_samples": 400},
            (
                "evaluated on 900 of the 900 windows of ood where the policy names a draw of 400; "
                "evaluate again with --max-samples 400 --seed 0",
            ),
        ),
        (
            DRAW,
            {"val": 400, "ood": 400},
            {"max_samples": 400, "seed": 8},
            (f"{SETTING}seed 8 instead of 0",),
        ),
    ],
)
def test_a_pinned_split_counts_with_all_of_its_windows_or_with_the_named_draw(
    pin: DataPin,
    counts: dict[str, int],
    settings: dict[str, Any],
    objections: tuple[str, ...],
    good_evidence: EvidenceFactory,
    seed_policy: Policy,
    setup: Setup,
) -> None:
    policy = dataclasses.replace(seed_policy, data=pin)
    measured = drawn(setup, counts, **settings)
    verdict = judge(good_evidence(), policy, confidence=0.95, setup=measured).verdict
    assert verdict.reasons == objections
    assert verdict.outcome == ("blocked" if objections else "deployable")


def test_no_waiver_covers_a_draw(good_evidence: EvidenceFactory, seed_policy: Policy, setup: Setup) -> None:
    waivers = tuple(
        Waiver(line.gate, line.metric, line.splits, "somebody", "for now", "2999-01-01")
        for line in seed_policy.checks
    )
    policy = dataclasses.replace(seed_policy, data=DataPin(val=VAL), waivers=waivers)
    measured = drawn(setup, {"val": 150})
    verdict = judge(good_evidence(), policy, confidence=0.95, on=date(2026, 1, 31), setup=measured).verdict
    assert verdict.reasons == (f"evaluated on 150 of the 900 windows of val, {ALL}",)


@pytest.mark.parametrize("split", ["val", "ood"])
def test_a_pinned_split_that_was_not_evaluated_blocks(
    split: str, good_evidence: EvidenceFactory, seed_policy: Policy, setup: Setup
) -> None:
    kept = {name: one for name, one in setup.inputs.splits.items() if name != split}
    left = dataclasses.replace(setup, inputs=dataclasses.replace(setup.inputs, splits=kept))
    policy = dataclasses.replace(seed_policy, data=DataPin(None, VAL, OOD))
    found = judge(good_evidence(), policy, confidence=0.95, setup=left).verdict.reasons
    wanted = {"val": VAL, "ood": OOD}[split]
    assert found == (f"{DATA}windows of {split} none instead of {wanted[:12]}",)


def test_a_pinned_train_split_that_nothing_was_fitted_on_blocks(
    good_evidence: EvidenceFactory, seed_policy: Policy, setup: Setup
) -> None:
    without = dataclasses.replace(setup, inputs=dataclasses.replace(setup.inputs, train_sha256=None))
    policy = dataclasses.replace(seed_policy, data=DataPin(train=TRAIN))
    found = judge(good_evidence(), policy, confidence=0.95, setup=without).verdict.reasons
    assert found == (f"{DATA}windows of train none instead of {TRAIN[:12]}",)


@pytest.mark.parametrize(
    ("pin", "left"),
    [
        (DataPin(BANK, VAL, context=5, horizon=1), None),
        (DataPin(BANK), None),
        (DataPin(val=VAL, ood=OOD), "val and ood but not bank, context, horizon"),
        (DataPin(BANK, train=TRAIN, context=5), "train but not horizon"),
    ],
)
def test_what_a_pinned_split_depends_on_but_is_open_is_a_remark(
    pin: DataPin, left: str | None, good_evidence: EvidenceFactory, seed_policy: Policy
) -> None:
    policy = dataclasses.replace(seed_policy, data=pin)
    remarks = judge(good_evidence(), policy, confidence=0.95).verdict.remarks
    found = [remark for remark in remarks if "[data]" in remark]
    assert found == (
        []
        if left is None
        else [
            f"the policy's [data] names {left}, on which the windows depend; name them as well",
        ]
    )


def test_between_the_epochs_of_a_training_the_data_are_no_question(
    good_evidence: EvidenceFactory, seed_policy: Policy
) -> None:
    policy = dataclasses.replace(seed_policy, data=DataPin(OTHER, OTHER, OTHER))
    assert judge(good_evidence(), policy, confidence=0.95).verdict.deployable


def test_a_report_is_judged_with_its_own_setup_and_confidence(
    make_report: ReportFactory, seed_policy: Policy
) -> None:
    policy = dataclasses.replace(seed_policy, data=DataPin(OTHER, val=VAL), decide="bound", confidence=0.99)
    assert derive(make_report(policy=policy)).verdict.reasons == (
        "the intervals have confidence 0.95, the policy decides on intervals of at least 0.99; "
        "evaluate again with --confidence 0.99",
        f"{DATA}bank {BANK[:12]} instead of {OTHER[:12]}",
        f"evaluated on 400 of the 900 windows of val, {ALL}",
    )


OF_AN_ARTICLE = f"{SETTING}windows an article "


def of_an_article(setup: Setup, most: int | None, **counts: int) -> Setup:
    """The setup with 500 eligible windows a split, of which so many are drawn."""
    splits = {
        name: dataclasses.replace(split, eligible=500, sampled=counts.get(name, 500))
        for name, split in setup.inputs.splits.items()
    }
    return Setup(
        dataclasses.replace(setup.inputs, splits=splits),
        dataclasses.replace(setup.settings, max_per_article=most),
    )


@pytest.mark.parametrize(
    ("own", "table", "most", "counts", "found"),
    [
        (60, "", 60, {}, []),
        (60, "", 50, {}, [f"{OF_AN_ARTICLE}50 instead of 60"]),
        (60, "", None, {}, [f"{OF_AN_ARTICLE}all instead of 60"]),
        (None, "", 60, {}, []),
        (None, "max_per_article = 60\nseed = 0", 60, {}, []),
        (None, "max_per_article = 60\nseed = 0", 61, {}, [f"{OF_AN_ARTICLE}61 instead of 60"]),
        (60, "max_per_article = 60\nseed = 0", 60, {}, []),
        # Of a pinned split all that the policy lets an article give must have been drawn.
        (60, f'val = "{VAL}"\nood = "{OOD}"\nseed = 0', 60, {}, []),
        (
            60, f'val = "{VAL}"\nseed = 0', 60, {"val": 499},
            [f"evaluated on 499 of the 900 windows of val, {ALL}"],
        ),
        (None, f'val = "{VAL}"', 60, {}, [f"evaluated on 500 of the 900 windows of val, {ALL}"]),
        (60, "max_samples = 400\nseed = 0", 60, {"val": 400, "ood": 400}, []),
        (
            60, "max_samples = 400\nseed = 0", 60, {"val": 400, "ood": 500},
            [
                "evaluated on 500 of the 900 windows of ood where the policy names a draw of 400; evaluate "
                "again with --max-per-article 60 --max-samples 400 --seed 0"
            ],
        ),
    ],
)  # fmt: skip
def test_windows_of_an_article_are_drawn_as_the_policy_says(
    setup: Setup, own: int | None, table: str, most: int | None, counts: dict[str, int], found: list[str]
) -> None:
    head = HEAD if own is None else f"max_per_article = {own}\n{HEAD}"
    policy = parse_policy(f"{head}{CHECK}\n{f'[data]{chr(10)}{table}' if table else ''}\n".encode())
    drawn = of_an_article(setup, most, **counts)
    assert objections(policy, drawn.inputs, drawn.settings) == found


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            "max_per_article = 50\nseed = 0",
            "data.max_per_article is 50, but max_per_article is 60; name one number",
        ),
        (
            f'val = "{VAL}"',
            "data names max_per_article without a seed, so the report's author would choose the draw; name "
            "the seed as well",
        ),
    ],
)
def test_one_number_and_a_seed(table: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(f"max_per_article = 60\n{HEAD}{CHECK}\n[data]\n{table}\n".encode())
    assert str(caught.value) == message
