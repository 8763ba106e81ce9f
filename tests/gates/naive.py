"""The five gates written down again, one sample at a time, from their definitions alone.

Slow on purpose and sharing no arithmetic with the engine: dictionaries keyed by (article, chunk)
instead of row numbers, Python loops instead of batches, float64 throughout.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.stats

Vector = npt.NDArray[np.float64]
Model = Callable[[Vector], Vector]
Place = tuple[int, int]


@dataclass
class World:
    """Chunks by place; ``model`` maps a context (L, D) to a vector (D,)."""

    chunks: dict[Place, Vector]
    model: Model
    context: int
    horizon: int

    def has(self, article: int, first: int, last: int) -> bool:
        return all((article, chunk) in self.chunks for chunk in range(first, last + 1))

    def ask(self, context: Sequence[Vector]) -> Vector:
        answer = self.model(np.stack(context))
        return answer / math.sqrt(float(answer @ answer))

    def window(self, article: int, last: int) -> list[Vector]:
        return [self.chunks[article, chunk] for chunk in range(last - self.context + 1, last + 1)]


def offset_cosines(world: World, article: int, last: int) -> dict[int, float] | None:
    target = last + world.horizon
    if not world.has(article, target - 3, target + 3):
        return None
    prediction = world.ask(world.window(article, last))
    return {k: float(prediction @ world.chunks[article, target + k]) for k in range(-3, 4)}


def rank(world: World, article: int, last: int, pool: str, *, optimistic: bool = False) -> int:
    target = (article, last + world.horizon)
    prediction = world.ask(world.window(article, last))
    score = float(prediction @ world.chunks[target])
    seen = {(article, chunk) for chunk in range(last - world.context + 1, last + 1)}
    position = 1
    for place, vector in world.chunks.items():
        if place == target or (pool.startswith("article") and place[0] != article):
            continue
        if pool.endswith("_unseen") and place in seen:
            continue
        rival = float(prediction @ vector)
        tied = abs(rival - score) <= 1e-12
        if (rival > score and not tied) or (tied and not optimistic):
            position += 1
    return position


def pool_size(world: World, article: int, pool: str) -> int:
    rows = [place for place in world.chunks if pool.startswith("bank") or place[0] == article]
    return len(rows) - (world.context if pool.endswith("_unseen") else 0)


def ablation_change(world: World, article: int, last: int, damaged: Sequence[Vector]) -> float:
    target = world.chunks[article, last + world.horizon]
    return float(world.ask(damaged) @ target) - float(world.ask(world.window(article, last)) @ target)


def leave_one_out_change(world: World, article: int, last: int) -> float:
    window = world.window(article, last)
    changes = []
    for left_out in range(len(window)):
        kept = [vector for place, vector in enumerate(window) if place != left_out]
        changes.append(ablation_change(world, article, last, [*kept, kept[-1]] if kept else window))
    return sum(changes) / len(changes)


def rollout_cosines(world: World, article: int, last: int, steps: int) -> list[float] | None:
    """Defined by recursion: position u is true up to ``last``, else predicted from its own past."""
    target = last + world.horizon
    first = last + 1 - world.horizon - world.context + 1
    if not (world.has(article, first, last) and world.has(article, last, target + steps - 1)):
        return None
    known: dict[int, Vector] = {}

    def at(place: int) -> Vector:
        if place <= last:
            return world.chunks[article, place]
        if place not in known:
            end = place - world.horizon
            known[place] = world.ask([at(i) for i in range(end - world.context + 1, end + 1)])
        return known[place]

    return [float(at(target + j) @ world.chunks[article, target + j]) for j in range(steps)]


def mean_interval(
    values: Sequence[float], articles: Sequence[int], confidence: float
) -> tuple[float, float, float]:
    """Mean and the sandwich interval with one sum of residuals an article."""
    n, mean = len(values), sum(values) / len(values)
    sums: dict[int, float] = {}
    for value, article in zip(values, articles, strict=True):
        sums[article] = sums.get(article, 0.0) + value - mean
    groups = len(sums)
    error = math.sqrt(groups / (groups - 1) * sum(total**2 for total in sums.values())) / n
    half = float(scipy.stats.t.ppf(0.5 + confidence / 2, groups - 1)) * error
    return mean, mean - half, mean + half


def recall(ranks: Sequence[int], k: int) -> float:
    return sum(rank <= k for rank in ranks) / len(ranks)


def median(ranks: Sequence[int]) -> float:
    return float(statistics.median(ranks))
