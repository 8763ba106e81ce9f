"""What a check rests on: how many samples, how many articles, and how unequal those are."""

import dataclasses
import math

import pytest

from schemas.records.evidence import Metric
from schemas.records.splits import PAIR
from schemas.verdict.checks import run_checks
from tests.schemas.even import even
from tests.schemas.verdict.lines import MARGIN, line, only, policy

DELTA = line(high=0.05, metric="bins_delta.low.delta", splits=(PAIR,))
ENOUGH = even(0.5, 0.4, 0.6, 150, 10)


def test_exactly_enough_samples_are_enough() -> None:
    assert only(line(low=0.05), even(0.9, 0.8, 1.0, 100, 5))[0] == "pass"


@pytest.mark.parametrize("decide_by", ["point", "bound"])
@pytest.mark.parametrize(
    ("articles", "effective", "few"),
    [
        (12, 12.0, ""),
        (12, 8.0, ""),
        (11, 11.0, "11 articles, fewer than the 12 an interval needs to decide"),
        (
            12, math.nextafter(8.0, 0.0),
            "12 articles that weigh as 8.0 equal ones, fewer than the 8 an interval needs to decide",
        ),
        (
            40, 7.99,
            "40 articles that weigh as 8.0 equal ones, fewer than the 8 an interval needs to decide",
        ),
        (
            40, 1.52,
            "40 articles that weigh as 1.5 equal ones, fewer than the 8 an interval needs to decide",
        ),
        (12, None, "12 articles, and nothing tells how unequal they are; an interval cannot decide"),
    ],
)  # fmt: skip
def test_an_interval_over_few_or_unequal_articles_decides_nothing(
    articles: int, effective: float | None, few: str, decide_by: str
) -> None:
    status, sentence = only(line(low=0.05), Metric(0.9, 0.8, 1.0, 400, articles, "", effective), decide_by)
    if decide_by == "point" or not few:
        assert status == "pass"
    else:
        assert (status, sentence) == ("inconclusive", f"{MARGIN} on ood rests on {few}")


@pytest.mark.parametrize(
    ("ood", "sentence"),
    [
        (
            ENOUGH,
            "bins_delta.low.delta between val and ood is 0.010 [0.000, 0.020], at most the allowed 0.050",
        ),
        (
            even(0.5, None, None, 1, 1, "one article"),
            "bins_delta.low.cos on ood rests on 1 samples, fewer than the 100 the policy needs",
        ),
        (None, "bins_delta.low.cos on ood rests on 0 samples, fewer than the 100 the policy needs"),
    ],
)
def test_both_sides_of_a_pair_must_be_large_enough(ood: Metric | None, sentence: str) -> None:
    means = {"val": {"bins_delta.low.cos": ENOUGH}, "ood": {"bins_delta.low.cos": ood} if ood else {}}
    delta = even(0.01, 0.0, 0.02, 300, 20)
    (check,) = run_checks({**means, PAIR: {"bins_delta.low.delta": delta}}, policy(DELTA))
    assert check.sentence == sentence
    assert check.status == ("pass" if ood is ENOUGH else "error")


@pytest.mark.parametrize("side", ["val", "ood"])
@pytest.mark.parametrize(
    ("articles", "effective", "few"),
    [
        (12, 8.0, ""),
        (11, 11.0, "11 articles, fewer than the 12 an interval needs to decide"),
        (
            12, 7.94,
            "12 articles that weigh as 7.9 equal ones, fewer than the 8 an interval needs to decide",
        ),
    ],
)  # fmt: skip
def test_both_sides_of_a_pair_must_weigh_enough_for_an_interval(
    side: str, articles: int, effective: float, few: str
) -> None:
    mean = "bins_delta.low.cos"
    means = {name: {mean: even(0.5, 0.4, 0.6, 150, 20)} for name in ("val", "ood")}
    means[side] = {mean: Metric(0.5, 0.4, 0.6, 150, articles, "", effective)}
    gap = Metric(0.01, 0.0, 0.02, 300, 20 + articles, "", 20 + effective)
    (check,) = run_checks({**means, PAIR: {DELTA.metric: gap}}, policy(DELTA, decide_by="bound"))
    assert check.status == ("inconclusive" if few else "pass")
    assert not few or check.sentence == f"{mean} on {side} rests on {few}"


@pytest.mark.parametrize("side", ["val", "ood"])
def test_a_pair_without_one_of_its_splits_rests_on_nothing(side: str) -> None:
    rows = {name: {"bins_delta.cos": even(0.5, 0.4, 0.6, 400, 20)} for name in ("val", "ood") if name != side}
    delta = line(high=0.05, metric="bins_delta.delta", splits=(PAIR,))
    (check,) = run_checks({**rows, PAIR: {delta.metric: even(0.01, 0.0, 0.02, 800, 40)}}, policy(delta))
    assert (check.status, check.sentence) == (
        "error",
        f"bins_delta.cos on {side} rests on 0 samples, fewer than the 100 the policy needs",
    )


def test_a_pair_without_one_of_its_splits_rests_on_no_articles_either() -> None:
    rows = {"val": {"bins_delta.cos": ENOUGH}, PAIR: {"bins_delta.delta": ENOUGH}}
    delta = policy(line(high=0.05, metric="bins_delta.delta", splits=(PAIR,)))
    (check,) = run_checks(rows, dataclasses.replace(delta, min_samples=0, min_articles=1))
    assert check.sentence == "bins_delta.cos on ood rests on 0 articles, fewer than the 1 the policy needs"
