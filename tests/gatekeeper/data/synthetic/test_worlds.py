import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.data.synthetic.worlds import (
    CONTEXT,
    FORWARD,
    TRAP,
    World,
    build_world,
    expected_cosines,
    predictor_weight,
    reversed_bank,
    rotation,
    shuffled_bank,
    walk,
)
from gates.bank import build_bank
from gates.contracts import Bank
from schemas.errors import UsageError
from schemas.records.metrics import OFFSETS


def margin(cosines: dict[int, float]) -> float:
    return cosines[0] - max(value for offset, value in cosines.items() if offset != 0)


@pytest.mark.parametrize(
    ("world", "power", "cos", "gap"),
    [
        # 0.8^2 = 0.64 against 0.8 cos 36 = 0.6472; times 1 - (1 - 0.8^4) / 128 = 0.99539 and
        # 1 - (1 - 0.8^2) / 128 = 0.99719: 0.63705 - 0.64539
        (TRAP, 2.0, 0.637, -0.008),
        # 0.8^2 cos 21.6 = 0.59506 against 0.8^3 cos 14.4 = 0.49591; times 0.99539 and 0.99424
        (TRAP, 2.6, 0.593, 0.099),
        # 0.95 against cos 60 = 0.5 of the last chunk itself; the former times 1 - (1 - 0.95^2) / 128
        (FORWARD, 1.0, 0.949, 0.449),
    ],
)
def test_closed_form_has_the_published_figures(world: World, power: float, cos: float, gap: float) -> None:
    cosines = expected_cosines(
        rho=world.rho, angle=world.angle, power=power, horizon=world.horizon, dimension=world.dimension
    )
    assert cosines[0] == pytest.approx(cos, abs=1e-3)
    assert margin(cosines) == pytest.approx(gap, abs=1e-3)
    assert power in world.powers.values()


def test_closed_form_for_large_d_is_the_plain_formula() -> None:
    cosines = expected_cosines(rho=0.8, angle=36, power=2.6, horizon=2)
    assert cosines[0] == pytest.approx(0.64 * math.cos(math.radians(21.6)))
    assert cosines[-3] == pytest.approx(0.8 * math.cos(math.radians(3.6 * 36)))


@pytest.mark.parametrize("world", [FORWARD, TRAP, replace(TRAP, dimension=32, angle=-50.0, rho=0.3)])
@pytest.mark.parametrize("extra", [0.0, 0.6, -0.4])
def test_sampled_cosines_agree_with_the_closed_form(world: World, extra: float) -> None:
    sampled = replace(world, articles=400, chunks=40, seed=3)
    chunks = build_world(sampled, source="x").vectors.astype(np.float64).reshape(400, 40, -1)
    power = world.horizon + extra
    turned = rotation(sampled, power=power)
    expected = expected_cosines(
        rho=world.rho, angle=world.angle, power=power, horizon=world.horizon, dimension=world.dimension
    )
    for offset in OFFSETS:
        place = world.horizon + offset
        # One mean a walk: walks are independent, so their spread gives the standard error.
        means = []
        for article in chunks:
            predictions = article[5:30] @ turned.T
            means.append(float((predictions * article[5 + place : 30 + place]).sum(axis=1).mean()))
        error = np.std(means) / math.sqrt(len(means))
        # What the closed form neglects is of order 1 / D^2.
        assert abs(np.mean(means) - expected[offset]) < 4 * error + 1 / world.dimension**2


def test_walks_are_stationary() -> None:
    chunks = walk(replace(FORWARD, articles=500, chunks=30)).astype(np.float64)
    squares = (chunks**2).sum(axis=-1)
    # |x|^2 has mean 1 and variance 2 / D at every step: standard error sqrt(2 / 64 / 500) = 0.008.
    np.testing.assert_allclose(squares.mean(axis=0), 1.0, atol=5 * 0.008)


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-180, 180))
def test_rotation_is_an_orthogonal_one_parameter_group(first: float, second: float, angle: float) -> None:
    world = World(angle=angle, rho=0.5, dimension=6)
    left, right = rotation(world, power=first), rotation(world, power=second)
    np.testing.assert_allclose(left @ left.T, np.eye(6), atol=1e-12)
    np.testing.assert_allclose(left @ right, rotation(world, power=first + second), atol=1e-12)
    # Every vector turns by the same angle.
    vector = np.arange(1.0, 7.0) / np.linalg.norm(np.arange(1.0, 7.0))
    assert vector @ left @ vector == pytest.approx(math.cos(math.radians(first * angle)), abs=1e-12)


def test_predictor_weight_turns_the_last_chunk() -> None:
    world = replace(TRAP, dimension=8)
    contexts = np.random.default_rng(0).standard_normal((3, CONTEXT, 8)).astype(np.float32)
    predictions = contexts.reshape(3, -1) @ predictor_weight(world, power=2.6).T
    expected = [rotation(world, power=2.6) @ context[-1] for context in contexts]
    np.testing.assert_allclose(predictions, expected, atol=1e-5)


def test_seed_decides_everything() -> None:
    world = replace(FORWARD, articles=4, chunks=15)
    same, other = build_world(world, source="a"), build_world(replace(world, seed=1), source="a")
    assert build_world(world, source="b").sha256 == same.sha256
    assert other.sha256 != same.sha256
    assert not np.allclose(rotation(world), rotation(replace(world, seed=1)))
    assert (same.rows, same.dimension, len(set(same.articles.tolist()))) == (60, 64, 4)


def with_texts(bank: Bank) -> Bank:
    texts = [f"{a}/{c}" for a, c in zip(bank.articles.tolist(), bank.chunks.tolist(), strict=True)]
    return build_bank(
        bank.vectors, bank.articles, bank.chunks, source="x", texts=texts, titles=dict(bank.titles)
    )


def test_reversed_mirrors_each_article_and_its_gaps(small_bank: Bank) -> None:
    bank = with_texts(small_bank)
    copy = reversed_bank(bank, source="copy")
    assert copy.texts is not None
    assert bank.texts is not None
    for article in (3, 5, 9):
        rows = bank.articles == article
        np.testing.assert_allclose(copy.vectors[rows], bank.vectors[rows][::-1], atol=1e-6)
        assert [copy.texts[int(row)] for row in np.flatnonzero(rows)] == [
            bank.texts[row] for row in np.flatnonzero(rows)[::-1]
        ]
    # Article 9 lacked chunk 7 of 0 to 14 and lacks 14 - 7 = 7 still; two gaps from an end move.
    assert copy.chunks[copy.articles == 9].tolist() == bank.chunks[bank.articles == 9].tolist()
    assert reversed_bank(copy, source="x").sha256 == bank.sha256


def test_reversed_moves_a_gap_to_its_mirror_place() -> None:
    vectors = np.eye(4)
    bank = build_bank(vectors, np.zeros(4, int), np.array([0, 2, 3, 4]), source="x")
    copy = reversed_bank(bank, source="y")
    assert copy.chunks.tolist() == [0, 1, 2, 4]
    assert copy.vectors.argmax(axis=1).tolist() == [3, 2, 1, 0]


def test_shuffled_permutes_within_articles(small_bank: Bank) -> None:
    bank = with_texts(small_bank)
    copy = shuffled_bank(bank, seed=0, source="copy")
    assert copy.chunks.tolist() == bank.chunks.tolist()
    assert copy.texts != bank.texts
    for article in (3, 5, 9):
        rows = np.flatnonzero(bank.articles == article)
        assert copy.texts is not None
        assert bank.texts is not None
        assert sorted(copy.texts[int(row)] for row in rows) == sorted(bank.texts[int(row)] for row in rows)
    for row in range(copy.rows):  # vectors moved along with their texts
        assert copy.texts is not None
        assert bank.texts is not None
        np.testing.assert_allclose(
            copy.vectors[row], bank.vectors[bank.texts.index(copy.texts[row])], atol=1e-6
        )
    assert shuffled_bank(bank, seed=0, source="x").sha256 == copy.sha256
    assert shuffled_bank(bank, seed=1, source="x").sha256 != copy.sha256


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"dimension": 7}, "even dimension"),
        ({"dimension": 0}, "even dimension"),
        ({"rho": 1.5}, "rho between 0 and 1"),
        ({"rho": math.nan}, "rho between 0 and 1"),
        ({"angle": math.inf}, "angle in degrees"),
        ({"horizon": 0}, "horizon of at least 1"),
        ({"articles": 2}, "at least 3 articles"),
        # 5 context chunks, the target 2 on, and 4 more for the rollout's five steps: 11
        ({"chunks": 10}, "at least 11 chunks"),
        ({"seed": -1}, "a seed from 0"),
    ],
)
def test_impossible_worlds(change: dict[str, float], expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        replace(TRAP, **change)  # type: ignore[arg-type]  # the wrong types are the point


def test_a_shuffle_needs_a_seed(small_bank: Bank) -> None:
    with pytest.raises(UsageError, match="seed of at least 0"):
        shuffled_bank(small_bank, seed=-1, source="x")
