"""Differences on identical samples, against loops, against the gates' own scores, and in simulation."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import t as student

from gates.ablations import Ablations
from gates.bins_delta import BinsDelta
from gates.contracts import Samples, Values
from gates.leaked import recited_values
from gates.offset_sweep import OffsetSweep
from gates.paired import NO_MEDIAN, compare_recorded, paired_difference, paired_gap
from gates.retrieval import retrieval_values
from gates.rollout import Rollout
from gates.spread import Spread
from schemas.errors import DataError
from schemas.records.evidence import Metric
from schemas.records.metrics import METRICS, POOLS
from tests.gates import naive_intervals

Kind = Literal["mean", "share", "median", "least"]
Array = npt.NDArray[Any]


def values(numbers: Array, articles: Array, kind: Kind = "mean") -> Values:
    return Values(kind, numbers, articles.astype(np.int64))


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_a_mean_difference_is_that_of_the_paired_samples(confidence: float) -> None:
    rng = np.random.default_rng(0)
    articles = np.repeat(np.arange(7), [1, 2, 9, 4, 4, 3, 7])
    first, second = rng.normal(size=(2, len(articles)))
    found = paired_difference(values(first, articles), values(second, articles), confidence)
    differences, owners = (second - first).tolist(), articles.tolist()
    metric = found.metric
    expected = naive_intervals.of_mean(differences, owners, confidence)
    assert (metric.value, metric.low, metric.high) == pytest.approx(expected)
    _, error, degrees, effective = naive_intervals.clustered(differences, owners)
    assert (metric.n, metric.articles) == (len(articles), 7)
    assert (metric.effective, metric.degrees) == pytest.approx((effective, degrees))
    quantiles = student.ppf(0.5 + confidence / 2, degrees) + student.ppf(0.8, degrees)
    assert found.detectable == pytest.approx(quantiles * error)


def test_swapping_the_models_turns_the_difference_round() -> None:
    rng = np.random.default_rng(1)
    articles = np.repeat(np.arange(6), 5)
    kinds: tuple[Kind, ...] = ("mean", "least", "share")
    for kind in kinds:
        shape = (30, 4) if kind == "least" else (30,)
        sides = [rng.normal(size=shape) for _ in range(2)]
        one, two = ((side > 0) if kind == "share" else side for side in sides)
        there = paired_difference(values(one, articles, kind), values(two, articles, kind), 0.95)
        back = paired_difference(values(two, articles, kind), values(one, articles, kind), 0.95)
        assert there.metric.value == pytest.approx(-(back.metric.value or 0.0))
        assert there.metric.low == pytest.approx(-(back.metric.high or 0.0))
        assert there.detectable == pytest.approx(back.detectable)


def test_what_both_models_share_cancels() -> None:
    rng = np.random.default_rng(2)
    articles = np.repeat(np.arange(10), 20)
    hard = rng.normal(size=10)[articles]  # articles that are hard for every model
    first, second = hard + 0.01 * rng.normal(size=200), hard + 0.1 + 0.01 * rng.normal(size=200)
    found = paired_difference(values(first, articles), values(second, articles), 0.95).metric
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low < 0.01
    assert found.low < 0.1 < found.high


def test_a_margin_difference_is_exactly_the_difference_of_the_margins() -> None:
    rng = np.random.default_rng(3)
    articles = np.repeat(np.arange(5), 8)
    first, second = rng.normal(size=(2, 40, 6))
    found = paired_difference(values(first, articles, "least"), values(second, articles, "least"), 0.95)
    margins = [min(side.mean(axis=0)) for side in (first, second)]
    assert found.metric.value == pytest.approx(margins[1] - margins[0])


def test_where_no_sample_differs_a_share_keeps_an_honest_interval() -> None:
    articles = np.repeat(np.arange(9), 4)
    hits = np.arange(36) % 3 == 0
    found = paired_difference(values(hits, articles, "share"), values(hits, articles, "share"), 0.95)
    z2 = student.ppf(0.975, 8) ** 2  # Wilson's bound for 0 of 9 answers: z^2 / (n + z^2)
    half = z2 / (9 + z2)
    metric = found.metric
    assert (metric.value, metric.low, metric.high) == pytest.approx((0.0, -half, half))
    assert found.detectable == pytest.approx(half)
    same = paired_difference(values(hits * 1.0, articles), values(hits * 1.0, articles), 0.95)
    assert (same.metric.low, same.metric.high) == (0.0, 0.0)


def test_the_difference_of_medians_has_no_interval() -> None:
    articles = np.repeat(np.arange(3), 3)
    first, second = np.arange(9), np.arange(9) * 2
    found = paired_difference(values(first, articles, "median"), values(second, articles, "median"), 0.95)
    assert found.metric == Metric(4.0, None, None, 9, 3, NO_MEDIAN, 3.0)
    assert found.detectable is None


@pytest.mark.parametrize("kind", ["mean", "share", "median"])
def test_no_sample_is_no_difference(kind: Kind) -> None:
    nothing = values(np.zeros(0), np.zeros(0), kind)
    assert paired_difference(nothing, nothing, 0.95).metric == Metric(None, None, None, 0, 0, "no sample")


@pytest.mark.parametrize("kind", ["mean", "share"])
def test_one_article_gives_no_interval(kind: Kind) -> None:
    one = values(np.array([True, False]), np.zeros(2), kind)
    found = paired_difference(one, one, 0.95)
    assert (found.metric.value, found.metric.low, found.detectable) == (0.0, None, None)
    assert found.metric.reason == "an interval needs samples of at least 2 articles"


SIZES = [(0.3, 0.1), (0.1, 0.3), (-0.3, 0.2)]


@pytest.mark.parametrize("first", SIZES)
@pytest.mark.parametrize("second", SIZES)
def test_a_gap_difference_is_the_difference_of_the_gaps(
    first: tuple[float, float], second: tuple[float, float]
) -> None:
    rng = np.random.default_rng(4)
    val, ood = np.repeat(np.arange(6), 5), np.repeat(np.arange(10, 18), 4)

    def side(means: tuple[float, float]) -> tuple[Values, Values]:
        noise = 0.01 * rng.normal(size=62)
        return values(means[0] + noise[:30], val), values(means[1] + noise[30:], ood)

    one, two = side(first), side(second)
    found = paired_gap(one, two, 0.95)
    gaps = [abs(v.values.mean() - o.values.mean()) for v, o in (one, two)]
    assert found.metric.value == pytest.approx(gaps[1] - gaps[0])
    assert (found.metric.n, found.metric.articles) == (62, 14)
    assert found.metric.low is not None
    assert found.metric.high is not None
    assert found.metric.low < abs(second[0] - second[1]) - abs(first[0] - first[1]) < found.metric.high
    assert 0.0 < (found.detectable or 0.0) < 0.1


def test_a_gap_without_spread_sample_or_articles() -> None:
    articles = np.repeat(np.arange(3), 2)
    flat, empty = values(np.full(6, 0.5), articles), values(np.zeros(0), np.zeros(0))
    single = values(np.full(2, 0.25), np.zeros(2))
    found = paired_gap((flat, flat), (flat, flat), 0.95)
    assert (found.metric, found.detectable) == (Metric(0.0, 0.0, 0.0, 12, 6, "", 6.0, 4.0), 0.0)
    assert paired_gap((flat, empty), (flat, empty), 0.95).metric.value is None
    alone = paired_gap((flat, single), (flat, single), 0.95)
    assert (alone.metric.value, alone.metric.low, alone.detectable) == (0.0, None, None)


def recorded(rng: np.random.Generator, *, bins: Array, articles: Array) -> dict[str, Samples]:
    n = len(articles)
    index = np.arange(n)
    rank = {f"{pool}.rank": rng.integers(1, 30, n) for pool in POOLS}
    rank |= {f"{pool}.optimistic": rank[f"{pool}.rank"] - rng.integers(0, 2, n) for pool in POOLS}
    rank |= {f"{pool}.size": np.full(n, 30) for pool in POOLS}
    known = {name: rng.uniform(-1, 1, n) for name in ("bits", "bits_centred", "auc", "lift")}
    seed_pool = {"seed_pool.rank": rng.integers(1, 7, n), "seed_pool.size": np.full(n, 6)}
    arrays: dict[str, dict[str, Array]] = {
        "offset_sweep": {
            "cosines": rng.uniform(-1, 1, (n, 7)),
            "last": rng.uniform(-1, 1, n),
            "unseen": np.tile(np.arange(7) > 2, (n, 1)),
            "nearest": rng.uniform(-1, 1, n),
            "nearest_target": rng.uniform(0.1, 1, n),
        },
        "retrieval": rank | known | seed_pool,
        "ablations": {"change": rng.uniform(-1, 1, (n, 5))},
        "rollout": {"cosines": rng.uniform(-1, 1, (n, 5))},
        "bins_delta": {"cos": rng.uniform(-1, 1, n), "bin": bins},
        "geometry": {name: rng.uniform(0.1, 1, n) for name in ("spread", "spread_target", "rank_share")},
        "data": {"recited": rng.uniform(size=n) > 0.5},
    }
    return {name: Samples(index, articles, found) for name, found in arrays.items()}


def world(seed: int) -> dict[str, dict[str, Samples]]:
    draw = np.random.default_rng(99)  # data and draw are the same for every model
    rng = np.random.default_rng(seed)
    found = {}
    for split, offset in (("val", 0), ("ood", 50)):
        articles = np.repeat(np.arange(8), 6) + offset
        found[split] = recorded(rng, bins=draw.integers(0, 3, 48), articles=articles)
    return found


def test_every_metric_with_samples_is_compared_and_equals_the_difference_of_the_scores() -> None:
    first, second = world(1), world(2)
    found = compare_recorded(first, second, 0.95)
    bins = BinsDelta()
    for split in ("val", "ood"):
        scores: list[dict[str, Metric]] = []
        for model in (first, second):
            gates = (OffsetSweep(), Ablations(), Rollout(), bins, Spread())
            each = {k: v for gate in gates for k, v in gate.score(model[split][gate.name], 0.95).items()}
            ranks = retrieval_values(model[split]["retrieval"]) | recited_values(model[split]["data"])
            for name, rows in ranks.items():
                middle = np.median(rows.values) if rows.kind == "median" else rows.values.mean()
                each[name] = Metric(float(middle), None, None, 48, 8)
            scores.append(each)
        assert found[split].keys() == scores[0].keys() - {"offset_sweep.peak_offset"}
        for name, paired in found[split].items():
            one, two = scores[0][name].value, scores[1][name].value
            assert one is not None
            assert two is not None
            assert paired.metric.value == pytest.approx(two - one), name
    deltas = [
        bins.compare(model["val"]["bins_delta"], model["ood"]["bins_delta"], 0.95)
        for model in (first, second)
    ]
    for name, paired in found["val-ood"].items():
        one, two = deltas[0][name].value, deltas[1][name].value
        assert one is not None
        assert two is not None
        assert paired.metric.value == pytest.approx(two - one)
    compared = {name for rows in found.values() for name in rows}
    assert compared == METRICS.keys() - {"offset_sweep.peak_offset", "data.leaked"}


@pytest.mark.parametrize("part", ["index", "articles", "bin"])
def test_other_samples_are_refused_by_name(part: str) -> None:
    first, second = world(1), world(2)
    samples = second["ood"]["bins_delta"]
    arrays = dict(samples.arrays)
    if part == "bin":
        arrays["bin"] = (arrays["bin"] + 1) % 3
    index = samples.index + (part == "index")
    articles = samples.articles + (part == "articles")
    second["ood"]["bins_delta"] = Samples(index, articles, arrays)
    with pytest.raises(DataError, match="belong to different samples: bins_delta on ood"):
        compare_recorded(first, second, 0.95)


def clustered(rng: np.random.Generator, articles: Array, spread: float) -> Array:
    count = int(articles.max()) + 1
    found: Array = spread * rng.normal(size=count)[articles] + 0.2 * rng.normal(size=len(articles))
    return found


@pytest.mark.parametrize("true", [0.0, 0.1])
def test_the_interval_covers_the_true_difference_as_often_as_it_says(true: float) -> None:
    rng = np.random.default_rng(5)
    articles = np.repeat(np.arange(20), rng.integers(3, 15, 20))
    hits, worlds = 0, 600
    for _ in range(worlds):
        shared = clustered(rng, articles, 1.0)
        first = shared + clustered(rng, articles, 0.1)
        second = shared + true + clustered(rng, articles, 0.1)
        found = paired_difference(values(first, articles), values(second, articles), 0.95).metric
        hits += found.low is not None and found.high is not None and found.low <= true <= found.high
    assert 0.92 <= hits / worlds <= 0.98


def test_a_difference_of_the_detectable_size_is_shown_four_times_in_five() -> None:
    rng = np.random.default_rng(6)
    articles = np.repeat(np.arange(20), 8)

    def differences(true: float) -> tuple[Metric, float]:
        second = true + clustered(rng, articles, 0.1)
        found = paired_difference(values(np.zeros(len(articles)), articles), values(second, articles), 0.95)
        return found.metric, found.detectable or 0.0

    typical = float(np.mean([differences(0.0)[1] for _ in range(300)]))
    worlds = 600
    shown = sum((differences(typical)[0].low or 0.0) > 0.0 for _ in range(worlds))
    assert 0.74 <= shown / worlds <= 0.87
