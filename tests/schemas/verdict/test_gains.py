import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records.evidence import Evidence, Metric, Metrics
from schemas.records.inputs import SplitInput
from schemas.records.metrics import METRICS
from schemas.records.report import Report
from schemas.records.splits import PAIR
from schemas.verdict.gains import gains, incomparable
from tests.schemas.even import even

EvidenceFactory = Callable[[], Evidence]
ReportFactory = Callable[..., Report]
Change = Callable[..., Evidence]

WHY = "two reports alone give no interval of their difference; it needs the scores of both"
ROLLOUT = "rollout.avg_cos"
WITHOUT_A_GAIN = {
    "retrieval.seed_pool.chance@5",
    "offset_sweep.copying",
    "geometry.spread_share",
    "geometry.rank_share",
    "data.leaked",
    "data.recited",
    *(f"offset_sweep.cos@{k}" for k in ("-3", "-2", "-1", "+1", "+2", "+3")),
    "offset_sweep.peak_offset",
    *(
        f"retrieval.{pool}.chance@{k}"
        for pool in ("bank", "bank_unseen", "article", "article_unseen")
        for k in (1, 5, 10)
    ),
}


def evidence_of(metrics: Metrics) -> Evidence:
    return Evidence(metrics, {})


def measured(value: float | None, n: int = 400, articles: int = 20, reason: str = "") -> Metric:
    return even(value, value, value, n, articles, reason)


def gain(mine: Metric, theirs: Metric, name: str = ROLLOUT, split: str = "val") -> Metric:
    found = gains(evidence_of({split: {name: mine}}), evidence_of({split: {name: theirs}}))
    assert {key: list(rows) for key, rows in found.items()} == {split: [name]}
    return found[split][name]


@pytest.mark.parametrize(
    ("name", "mine", "theirs", "expected"),
    [
        ("rollout.avg_cos", 0.75, 0.5, 0.25),
        ("rollout.avg_cos", 0.5, 0.75, -0.25),
        ("offset_sweep.cos@+0", 0.5, 0.25, 0.25),
        ("offset_sweep.margin", -0.25, -0.5, 0.25),
        ("retrieval.article.r@5", 1.0, 0.5, 0.5),
        ("retrieval.bank.median_rank", 3.0, 8.0, 5.0),
        ("retrieval.bank.median_rank", 8.0, 3.0, -5.0),
        ("retrieval.bank.median_rank_optimistic", 1.0, 1.5, 0.5),
        ("retrieval.article.tie_share", 0.5, 0.25, -0.25),
        ("ablations.shuffle", -0.5, -0.25, 0.25),
        ("ablations.repeat_last", 0.25, -0.25, -0.5),
        ("bins_delta.low.cos", 0.5, 0.25, 0.25),
    ],
)
def test_a_gain_is_positive_when_the_model_is_better(
    name: str, mine: float, theirs: float, expected: float
) -> None:
    assert gain(measured(mine), measured(theirs), name) == even(expected, None, None, 400, 20, WHY)


@pytest.mark.parametrize("name", ["bins_delta.delta", "bins_delta.high.delta"])
def test_a_smaller_difference_between_the_splits_is_a_gain(name: str) -> None:
    assert gain(measured(0.25), measured(0.75), name, PAIR).value == 0.5


def test_every_metric_with_a_better_direction_has_a_gain_on_every_split_it_has(
    good_evidence: EvidenceFactory,
) -> None:
    found = gains(good_evidence(), good_evidence())
    pairs = {name for name in METRICS if name.endswith(".delta")}
    assert {split: set(rows) for split, rows in found.items()} == {
        "val": set(METRICS) - pairs - WITHOUT_A_GAIN,
        "ood": set(METRICS) - pairs - WITHOUT_A_GAIN,
        PAIR: pairs,
    }
    assert {metric.value for rows in found.values() for metric in rows.values()} == {0.0}
    assert found["val"][ROLLOUT] == even(0.0, None, None, 400, 20, WHY)
    assert found[PAIR]["bins_delta.delta"] == even(0.0, None, None, 800, 40, WHY)


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ((400, 20), (400, 20), (400, 20)),
        ((300, 20), (400, 15), (300, 15)),
        ((500, 10), (400, 15), (400, 10)),
        ((0, 0), (400, 15), (0, 0)),
    ],
)
def test_a_gain_rests_on_the_smaller_sample(
    mine: tuple[int, int], theirs: tuple[int, int], expected: tuple[int, int]
) -> None:
    found = gain(measured(0.5, *mine), measured(0.25, *theirs))
    assert (found.n, found.articles) == expected
    lost = gain(measured(None, *mine, "no window"), measured(0.25, *theirs))
    assert (lost.n, lost.articles) == expected


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"), [(9.5, 8.0, 8.0), (8.0, 9.5, 8.0), (None, 8.0, None), (8.0, None, None)]
)
def test_a_gain_weighs_as_the_more_unequal_of_both(
    mine: float | None, theirs: float | None, expected: float | None
) -> None:
    one, two = (dataclasses.replace(measured(0.5), effective=effective) for effective in (mine, theirs))
    assert gain(one, two).effective == expected


@pytest.mark.parametrize(
    ("mine", "theirs", "reason"),
    [
        (measured(None, reason="no window"), measured(0.5), "undefined for the model: no window"),
        (measured(0.5), measured(None, reason="no window"), "undefined for the champion: no window"),
        (measured(None, reason="first"), measured(None, reason="second"), "undefined for the model: first"),
    ],
)
def test_a_gain_is_undefined_where_one_of_the_two_is(mine: Metric, theirs: Metric, reason: str) -> None:
    assert gain(mine, theirs) == even(None, None, None, 400, 20, reason)


@pytest.mark.parametrize(("mine", "theirs"), [(math.nan, 0.5), (0.5, math.nan), (math.inf, math.inf)])
def test_a_gain_of_what_is_no_number_is_no_number(mine: float, theirs: float) -> None:
    value = gain(measured(mine), measured(theirs)).value
    assert value is not None
    assert math.isnan(value)


def test_what_only_one_of_the_two_measured_has_no_gain() -> None:
    one = measured(0.5)
    model = evidence_of({"train": {ROLLOUT: one}, "val": {ROLLOUT: one, "rollout.cos@1": one}})
    champion = evidence_of({"val": {ROLLOUT: one, "rollout.cos@2": one}, "ood": {ROLLOUT: one}})
    assert gains(model, champion) == {
        "train": {},
        "val": {ROLLOUT: even(0.0, None, None, 400, 20, WHY)},
    }


def test_the_controls_have_no_say_in_a_gain(good_evidence: EvidenceFactory) -> None:
    evidence = good_evidence()
    swapped = Evidence(evidence.model, dict.fromkeys(evidence.controls, evidence.controls["random"]))
    assert gains(swapped, evidence) == gains(evidence, swapped)


VALUES = st.floats(-1, 1)


@given(st.sampled_from([name for name in METRICS if name not in WITHOUT_A_GAIN]), VALUES, VALUES)
def test_what_one_gains_the_other_loses(name: str, first: float, second: float) -> None:
    split = PAIR if name.endswith(".delta") else "ood"
    there, back = (
        gain(measured(a), measured(b), name, split).value for a, b in ((first, second), (second, first))
    )
    assert there is not None
    assert back is not None
    assert there == -back
    assert abs(there) == round(abs(first - second), 12)


def altered(report: Report, part: str, **fields: object) -> Report:
    """The report with fields of its ``settings``, ``bank``, ``val`` split or others replaced."""
    values: Any = fields
    if part == "bank":
        bank = dataclasses.replace(report.inputs.bank, **values)
        return dataclasses.replace(report, inputs=dataclasses.replace(report.inputs, bank=bank))
    if part == "val":
        split = dataclasses.replace(report.inputs.splits["val"], **values)
        return with_splits(report, {**report.inputs.splits, "val": split})
    replaced: Any = {part: dataclasses.replace(getattr(report, part), **values)}
    return dataclasses.replace(report, **replaced)


def with_splits(report: Report, splits: Mapping[str, SplitInput]) -> Report:
    return dataclasses.replace(report, inputs=dataclasses.replace(report.inputs, splits=splits))


@pytest.mark.parametrize(
    ("part", "fields", "sentence"),
    [
        ("bank", {"sha256": "c" * 64}, "bank (bbbbbbbbbbbb and cccccccccccc)"),
        ("settings", {"context": 4}, "context (5 and 4)"),
        ("settings", {"horizon": 2}, "horizon (1 and 2)"),
        ("settings", {"gates_version": 3}, "gates version (2 and 3)"),
        ("settings", {"seed": 7}, "seed (0 and 7)"),
        ("settings", {"max_per_article": 60}, "windows an article (all and 60)"),
        ("settings", {"bin_edges": (0.4, 0.55)}, "coherence bins ((0.45, 0.55) and (0.4, 0.55))"),
        ("val", {"sha256": "0" * 64}, "windows of val (111111111111 and 000000000000)"),
        ("val", {"sample_sha256": "0" * 64}, "sample draw of val (222222222222 and 000000000000)"),
    ],
)
def test_what_keeps_two_reports_from_being_compared_is_named_with_both_values(
    make_report: ReportFactory, part: str, fields: dict[str, object], sentence: str
) -> None:
    report = make_report()
    assert incomparable(report, altered(report, part, **fields)) == (sentence,)


def test_everything_that_differs_is_named_in_one_order(make_report: ReportFactory) -> None:
    first = make_report()
    second = altered(first, "settings", context=4, horizon=3, seed=1, gates_version=3)
    second = altered(altered(second, "val", sha256="3" * 64), "bank", sha256="a" * 64)
    assert incomparable(second, first) == (
        "bank (aaaaaaaaaaaa and bbbbbbbbbbbb)",
        "context (4 and 5)",
        "horizon (3 and 1)",
        "gates version (3 and 2)",
        "seed (1 and 0)",
        "windows of val (333333333333 and 111111111111)",
    )


def test_digests_are_compared_to_their_last_digit(make_report: ReportFactory) -> None:
    report = make_report()
    longer = report.inputs.bank.sha256[:-1] + "0"
    assert incomparable(report, altered(report, "bank", sha256=longer)) == (
        "bank (bbbbbbbbbbbb and bbbbbbbbbbbb)",
    )


@pytest.mark.parametrize(("mine", "theirs"), [(0.35, 0.40), (0.55, 0.60), (0.1, 0.15)])
def test_the_rounding_of_binary_fractions_is_no_loss(mine: float, theirs: float) -> None:
    found = gain(measured(mine), measured(theirs), "rollout.avg_cos", "ood")
    assert found.value == -0.05


def test_a_split_that_only_one_of_the_two_has_is_named(make_report: ReportFactory) -> None:
    report = make_report()
    splits = report.inputs.splits
    fewer = with_splits(report, {"val": splits["val"]})
    other = with_splits(report, {"val": splits["val"], "train": splits["ood"]})
    assert incomparable(report, fewer) == ("split ood (present and absent)",)
    assert incomparable(fewer, report) == ("split ood (absent and present)",)
    assert incomparable(other, report) == (
        "split ood (absent and present)",
        "split train (present and absent)",
    )


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        ("settings", {}),
        ("inputs", {"policy_sha256": "f" * 64}),
        ("policy", {"name": "another", "min_gates_passed": 1}),
        ("settings", {"retrieval": "torch"}),
        ("environment", {"platform": "Darwin", "device": "cuda", "threads": 64, "python": "3.13.0"}),
        ("environment", {"packages": {}, "tool_version": "0.2.0"}),
    ],
)
def test_policy_retrieval_library_and_machine_may_differ(
    make_report: ReportFactory, part: str, fields: dict[str, object]
) -> None:
    report = make_report()
    assert incomparable(report, altered(report, part, **fields)) == ()


def test_another_model_with_other_figures_is_what_a_comparison_is_for(
    make_report: ReportFactory, good_evidence: EvidenceFactory, change: Change
) -> None:
    report = make_report()
    model = dataclasses.replace(report.inputs.model, spec="other.pt", sha256="e" * 64, parameters=1)
    other = make_report(change(good_evidence(), ROLLOUT, "val", value=0.3))
    other = dataclasses.replace(other, created="2025-01-01T00:00:00Z")
    other = dataclasses.replace(other, inputs=dataclasses.replace(other.inputs, model=model))
    assert incomparable(report, other) == ()
