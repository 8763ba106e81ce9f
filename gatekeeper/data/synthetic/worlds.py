r"""Worlds with a known answer.

Every article is a stationary walk in D dimensions (D even),

    x[t+1] = rho R x[t] + sqrt(1 - rho^2) n[t],    x[0], n[t] ~ N(0, I / D) independent,

whose chunks are normalised when they are stored. The rotation R turns every plane of one random
orthonormal basis by the same angle a. Because E[n[t] | x[t]] = 0, looking h steps ahead
E[x[t+h] | x[t]] = rho^h R^h x[t]: the best prediction points along R^h x[t].

What does a predictor R^j x[t] score against the chunk m places on? R is orthogonal and
<R^p x, R^q x> = cos((p - q) a) |x|^2 for every x, therefore

    m >= 0:  E<R^j x[t], x[t+m]> = rho^m   E<R^j x[t], R^m x[t]>            = rho^m   cos((j - m) a)
    m < 0:   E<R^j x[t], x[t+m]> = rho^|m| E<R^j R^|m| x[t+m], x[t+m]>      = rho^|m| cos((j - m) a)

with m = horizon + k for offset k of gate A. The cosine divides by both lengths, which vary by about
1 / sqrt(D); expanding to second order lowers its mean by the factor 1 - (1 - rho^(2|m|)) / (2 D).
Powers need not be whole: R^j turns each plane by j a.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gates.article_ids import id_array
from gates.bank import build_bank
from gates.contracts import Bank, DoubleArray, FloatArray, IntArray
from schemas.errors import UsageError
from schemas.records.metrics import OFFSETS, ROLLOUT_STEPS

CONTEXT = 5
"""L of every world's data set."""


@dataclass(frozen=True, kw_only=True)
class World:
    """A world and its size.

    Attributes:
        angle: degrees R turns each plane by. rho: weight of the past, 0 to 1.
        horizon: places from the last context chunk to the target.
        dimension: D, even. articles: walks. chunks: length of each.
        seed: of everything random.
        overshoot: checkpoint name -> how much further than ``horizon`` its predictor turns.
    """

    angle: float
    rho: float
    horizon: int = 1
    dimension: int = 64
    articles: int = 60
    chunks: int = 60
    seed: int = 0
    overshoot: Mapping[str, float] = field(default_factory=lambda: {"best": 0.0})

    def __post_init__(self) -> None:
        shortest = CONTEXT + self.horizon + max(max(OFFSETS), ROLLOUT_STEPS - 1)
        for fits, expected in (
            (math.isfinite(self.angle), "an angle in degrees"),
            (0.0 <= self.rho <= 1.0, "rho between 0 and 1"),
            (self.horizon >= 1, "a horizon of at least 1"),
            (self.dimension >= 2 and self.dimension % 2 == 0, "an even dimension (R turns planes)"),
            (self.articles >= 3, "at least 3 articles, one a split"),
            (
                self.chunks >= shortest,
                f"at least {shortest} chunks an article, so that every gate has samples",
            ),
            (0 <= self.seed < 2**63, "a seed from 0 to 2**63 - 1"),
        ):
            if not fits:
                raise UsageError(
                    f"a world needs {expected}; found angle {self.angle}, rho {self.rho}, horizon "
                    f"{self.horizon}, dimension {self.dimension}, articles {self.articles}, chunks "
                    f"{self.chunks}, seed {self.seed}"
                )

    @property
    def powers(self) -> dict[str, float]:
        """Checkpoint name -> the power j of R it predicts with."""
        return {name: self.horizon + more for name, more in self.overshoot.items()}


FORWARD = World(angle=60.0, rho=0.95)
"""A good model passes the seed policy here: cosines are .95 to the target, .50 and .45 beside it."""

TRAP = World(angle=36.0, rho=0.8, horizon=2, overshoot={"least_squares": 0.0, "best": 0.6})
"""Least squares (j = 2) lies closer to the chunk before the target than to the target; j = 2.6 does not."""


def expected_cosines(
    *, rho: float, angle: float, power: float, horizon: int, dimension: int | None = None
) -> dict[int, float]:
    """Mean cosine of R^power x to the chunk at each offset of gate A, in closed form.

    Args:
        rho: weight of the past.
        angle: degrees.
        power: j.
        horizon: places from x to the target.
        dimension: D, for the correction of order 1 / D; None is the limit of large D.

    Returns:
        offset k (0 is the target) -> rho^abs(m) cos((power - m) angle) with m = horizon + k, times
        1 - (1 - rho^(2 abs(m))) / (2 D).

    Example:
        >>> cosines = expected_cosines(rho=0.8, angle=36, power=2, horizon=2)
        >>> round(cosines[0], 4), round(cosines[-1], 4)
        (0.64, 0.6472)
    """
    cosines = {}
    for k in OFFSETS:
        place = horizon + k
        weight = rho ** abs(place)
        if dimension is not None:
            weight *= 1.0 - (1.0 - weight**2) / (2.0 * dimension)
        cosines[k] = weight * math.cos(math.radians((power - place) * angle))
    return cosines


def rotation(world: World, *, power: float = 1.0) -> DoubleArray:
    """R^power as a matrix (D, D) that acts on column vectors."""
    rng = np.random.default_rng([world.seed, 0])
    basis, _ = np.linalg.qr(rng.standard_normal((world.dimension, world.dimension)))
    turn = math.radians(power * world.angle)
    first, second = basis[:, 0::2], basis[:, 1::2]
    # In each plane: first -> cos first + sin second, second -> cos second - sin first.
    planes = first @ first.T + second @ second.T
    quarter = second @ first.T - first @ second.T
    return np.asarray(math.cos(turn) * planes + math.sin(turn) * quarter)


def walk(world: World) -> FloatArray:
    """The chunks of all articles, (articles, chunks, D), not yet normalised."""
    rng = np.random.default_rng([world.seed, 1])
    turn = rotation(world)
    noise = rng.standard_normal((world.articles, world.chunks, world.dimension)) / math.sqrt(world.dimension)
    chunks = np.empty_like(noise)
    chunks[:, 0] = noise[:, 0]
    for step in range(1, world.chunks):
        chunks[:, step] = world.rho * chunks[:, step - 1] @ turn.T
        chunks[:, step] += math.sqrt(1.0 - world.rho**2) * noise[:, step]
    return chunks.astype(np.float32)


def build_world(world: World, *, source: str) -> Bank:
    """The world's bank: articles 0, 1, ... with chunks 0, 1, ...."""
    return build_bank(
        walk(world).reshape(-1, world.dimension),
        np.repeat(np.arange(world.articles), world.chunks),
        np.tile(np.arange(world.chunks), world.articles),
        source=source,
    )


def predictor_weight(world: World, *, power: float) -> FloatArray:
    """Weight (D, CONTEXT * D) of the linear predictor that applies R^power to the last chunk."""
    weight = np.zeros((world.dimension, CONTEXT * world.dimension), dtype=np.float32)
    weight[:, -world.dimension :] = rotation(world, power=power)
    return weight


def reversed_bank(bank: Bank, *, source: str) -> Bank:
    """The bank with the chunks of every article in reverse; gaps are mirrored."""
    mirrored = bank.chunks[bank.article_first] + bank.chunks[bank.article_last] - bank.chunks
    return _rearranged(bank, mirrored, source=source)


def shuffled_bank(bank: Bank, *, seed: int, source: str) -> Bank:
    """The bank with the chunks of every article in random order.

    Raises:
        UsageError: the seed is negative.
    """
    if seed < 0:
        raise UsageError(f"expected a seed of at least 0, found {seed}")
    rng = np.random.default_rng([seed, 2])
    # Sorting random numbers within articles permutes each article's rows among themselves.
    order = np.lexsort((rng.random(bank.rows), bank.articles))
    shuffled = np.empty_like(bank.chunks)
    shuffled[order] = bank.chunks
    return _rearranged(bank, shuffled, source=source)


def _rearranged(bank: Bank, chunks: IntArray, *, source: str) -> Bank:
    return build_bank(
        bank.vectors,
        id_array(bank),
        chunks,
        source=source,
        texts=bank.texts,
        titles={bank.id_of(number): title for number, title in bank.titles.items()},
    )
