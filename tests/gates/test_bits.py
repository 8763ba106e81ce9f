"""Laws of bits, and worlds in which what can be known has a closed form."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gates.bits import Centring, PoolScores, pool_bits
from gates.contracts import BoolArray, DoubleArray, IntArray
from gates.intervals import mean_metric
from gates.pools import ArticlePool
from tests.gates.conftest import awkward_bank


def pools(rng: np.random.Generator, articles: int, windows: int, rows: int) -> list[ArticlePool]:
    """Articles of equal size whose targets are drawn; every row is a candidate of every window."""
    every = np.ones((windows, rows), dtype=np.bool_)
    return [
        ArticlePool(np.arange(windows) + i * windows, np.arange(rows), rng.integers(0, rows, windows), every)
        for i in range(articles)
    ]


def of_articles(count: int, windows: int) -> IntArray:
    return np.repeat(np.arange(count), windows)


def of_pool(pool: ArticlePool) -> tuple[IntArray, IntArray, BoolArray]:
    return pool.rows, pool.target, pool.allowed


def gaussian(rng: np.random.Generator, told: list[ArticlePool], distance: float) -> list[PoolScores]:
    """Scores of N(0, 1), the target's of N(distance, 1): the best softmax has beta = distance."""
    found = []
    for pool in told:
        scores = rng.standard_normal(pool.allowed.shape)
        scores[np.arange(len(pool.target)), pool.target] += distance
        found.append(PoolScores(pool, scores))
    return found


def test_a_target_among_gaussian_scores_has_its_mutual_information() -> None:
    # The likelihood ratio of s under N(d, 1) and N(0, 1) is exp(d s - d^2 / 2): softmax(d s) is Bayes' rule,
    # and its bits are what the scores tell of the target: log2 n + E log2 softmax, here by simulation.
    rng = np.random.default_rng(0)
    distance, rows = 1.5, 20
    told = gaussian(rng, pools(rng, 30, 200, rows), distance)
    bits = pool_bits(told, of_articles(30, 200), seed=0)
    truth = rng.standard_normal((200_000, rows))
    truth[:, 0] += distance
    known = np.log2(rows) + (distance * truth[:, 0] - np.log(np.exp(distance * truth).sum(axis=1))) / np.log(
        2
    )
    assert bits.mean() == pytest.approx(known.mean(), abs=3 * bits.std() / np.sqrt(len(bits)))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.floats(0, 2))
@example(492, 1.0)  # the last term of a series vanishes by chance
def test_bits_are_unchanged_by_what_says_nothing(seed: int, distance: float) -> None:
    rng = np.random.default_rng(seed)
    told = gaussian(rng, pools(rng, 5, 12, 9), distance)
    articles = of_articles(5, 12)
    bits = pool_bits(told, articles, seed=3)
    shifted = [PoolScores(t.pool, t.scores + 5 * rng.standard_normal((12, 1))) for t in told]
    assert pool_bits(shifted, articles, seed=3) == pytest.approx(bits, abs=1e-6)
    order = rng.permutation(60)
    place = np.argsort(order)
    mixed = [PoolScores(ArticlePool(place[t.pool.windows], *of_pool(t.pool)), t.scores) for t in told[::-1]]
    assert pool_bits(mixed, articles[order], seed=3) == pytest.approx(bits[order], abs=1e-6)
    columns = rng.permutation(9)
    turned = [
        PoolScores(
            ArticlePool(
                t.pool.windows, t.pool.rows[columns], np.argsort(columns)[t.pool.target], t.pool.allowed
            ),
            t.scores[:, columns],
        )
        for t in told
    ]
    assert pool_bits(turned, articles, seed=3) == pytest.approx(bits, abs=1e-6)


def certain(size: int, others: int) -> float:
    """Bits of who was right in all windows of the others, and by as much: log2(size) but for one window."""
    return float(np.log2(size) + np.log2(1 - (size - 1) / size / (others + 1)))


def test_an_oracle_whose_rivals_are_far_knows_the_size_of_the_pool() -> None:
    rng = np.random.default_rng(0)
    told = [
        PoolScores(pool, 0.9 * (np.arange(7) == pool.target[:, None]).astype(np.float64))
        for pool in pools(rng, 20, 6, 7)
    ]
    bits = pool_bits(told, of_articles(20, 6), seed=0)
    assert bits == pytest.approx(certain(7, 19 * 6), abs=1e-9)
    assert np.log2(7) - np.log2(np.e) / (19 * 6) < bits.mean() < np.log2(7)


@pytest.mark.parametrize("wide", [0.3, 0.9])
def test_one_window_missed_costs_no_more_than_all_the_others_could_show(wide: float) -> None:
    rng = np.random.default_rng(0)
    told = []
    for i, pool in enumerate(pools(rng, 20, 30, 7)):
        scores = wide * (np.arange(7) == pool.target[:, None])
        if i == 0:
            scores[0] = wide * (np.arange(7) == (pool.target[0] + 1) % 7)
        told.append(PoolScores(pool, scores.astype(np.float64)))
    bits = pool_bits(told, of_articles(20, 30), seed=0)
    # A rival has 1 / 7 of one window in 571; the target is now such a rival.
    assert bits.min() == pytest.approx(np.log2(7) - np.log2(7 * 571), abs=0.01)
    assert bits.mean() == pytest.approx(np.log2(7), abs=0.05)


def test_whoever_knows_nothing_has_an_interval_that_holds_zero() -> None:
    rng = np.random.default_rng(2)
    held, spans = 0, 0
    for articles in [8, 30] * 30:
        told = gaussian(rng, pools(rng, articles, 15, 12), 0.0)
        metric = mean_metric(
            pool_bits(told, of_articles(articles, 15), seed=0), of_articles(articles, 15), 0.95
        )
        assert metric.low is not None
        assert metric.high is not None
        held += metric.low <= 0.0 <= metric.high
        spans += metric.low > 0.0
    assert held >= 0.9 * 60
    assert spans <= 2  # never is nothing taken for something, but by chance


def test_more_of_the_truth_is_never_less_known() -> None:
    rng = np.random.default_rng(4)
    told = gaussian(rng, pools(rng, 30, 60, 15), 0.0)
    articles = of_articles(30, 60)
    known = []
    for share in np.linspace(0, 1, 11):
        mixed = [
            PoolScores(t.pool, share * (np.arange(15) == t.pool.target[:, None]) + (1 - share) * t.scores)
            for t in told
        ]
        known.append(float(pool_bits(mixed, articles, seed=0).mean()))
    assert all(b >= a - 0.01 for a, b in itertools.pairwise(known))
    assert known[0] == pytest.approx(0.0, abs=0.01)
    assert known[-1] == pytest.approx(certain(15, 27 * 60), abs=1e-6)


def test_a_target_alone_is_left_out_and_one_article_alone_says_nothing() -> None:
    allowed = np.array([[True, True], [False, True]])
    pool = ArticlePool(np.arange(2), np.arange(2), np.array([1, 1]), allowed)
    other = ArticlePool(np.arange(2) + 2, np.arange(2), np.array([1, 1]), allowed)
    scores: DoubleArray = np.array([[0.1, 0.5], [0.3, 0.2]])
    both = pool_bits([PoolScores(pool, scores), PoolScores(other, scores)], np.array([0, 0, 1, 1]), seed=0)
    assert np.isnan(both).tolist() == [False, True, False, True]
    assert both[0] == pytest.approx(certain(2, 1), abs=1e-6)
    assert np.isnan(pool_bits([PoolScores(pool, scores)], np.array([0, 0]), seed=0)).all()


@pytest.mark.parametrize("length", [1e-200, 0.3, 1.0, 40.0, 1e200])
def test_a_centred_prediction_is_what_is_left_of_it_as_it_was_answered(length: float) -> None:
    bank = awkward_bank()
    rng = np.random.default_rng(0)
    mean = 0.4 * rng.standard_normal(12)
    raw = rng.standard_normal((3, 12))
    unit = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    pool = ArticlePool(np.arange(3), np.arange(6), np.zeros(3, np.int64), np.ones((3, 6), np.bool_))
    scores = PoolScores(pool, unit.astype(np.float64) @ bank.vectors[:6].astype(np.float64).T)
    found = Centring.of(unit, np.full(3, length), mean).scores(scores, bank).scores
    # Far from 1 one of the two is all that counts.
    left = (unit - mean / length) if length > 1 else (length * unit - mean)
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    assert found == pytest.approx(left @ bank.vectors[:6].T, abs=1e-6)


def test_nothing_is_left_of_the_mean_itself() -> None:
    bank = awkward_bank()
    mean = bank.vectors.mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(mean))
    unit = (mean / length).astype(np.float32)[None]
    pool = ArticlePool(np.arange(1), np.arange(6), np.zeros(1, np.int64), np.ones((1, 6), np.bool_))
    scores = PoolScores(pool, unit.astype(np.float64) @ bank.vectors[:6].astype(np.float64).T)
    centred = Centring.of(unit, np.array([length]), mean).scores(scores, bank)
    assert (centred.scores == 0.0).all()
