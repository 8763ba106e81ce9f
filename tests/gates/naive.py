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

Vector = npt.NDArray[np.float64]
Place = tuple[int, int]
Model = Callable[[Vector, Place], Vector]
"""Context (L, D) and the place it is to predict -> (D,). Only controls look at the place."""


@dataclass
class World:
    """Chunks by (article, chunk), and who predicts them."""

    chunks: dict[Place, Vector]
    model: Model
    context: int
    horizon: int

    def has(self, article: int, first: int, last: int) -> bool:
        return all((article, chunk) in self.chunks for chunk in range(first, last + 1))

    def ask(self, context: Sequence[Vector], target: Place) -> Vector:
        answer = self.model(np.stack(context), target)
        return answer / math.sqrt(float(answer @ answer))

    def window(self, article: int, last: int) -> list[Vector]:
        return [self.chunks[article, chunk] for chunk in range(last - self.context + 1, last + 1)]

    def predict(self, article: int, last: int) -> Vector:
        return self.ask(self.window(article, last), (article, last + self.horizon))


def offset_cosines(world: World, article: int, last: int) -> dict[int, float] | None:
    target = last + world.horizon
    if not world.has(article, target - 3, target + 3):
        return None
    prediction = world.predict(article, last)
    return {k: float(prediction @ world.chunks[article, target + k]) for k in range(-3, 4)}


def last_cosine(world: World, article: int, last: int) -> float:
    return float(world.predict(article, last) @ world.chunks[article, last])


@dataclass
class Rank:
    """Where the target stands when ties go against the model, when they go for it, and among how many."""

    pessimistic: int
    optimistic: int
    size: int


def rank(world: World, article: int, last: int, pool: str) -> Rank:
    target = (article, last + world.horizon)
    prediction = world.predict(article, last)
    score = float(prediction @ world.chunks[target])
    seen = {(article, chunk) for chunk in range(last - world.context + 1, last + 1)}
    found = Rank(1, 1, 1)
    for place, vector in world.chunks.items():
        if place == target or (pool.startswith("article") and place[0] != article):
            continue
        if pool.endswith("_unseen") and place in seen:
            continue
        found.size += 1
        rival = float(prediction @ vector)
        if abs(rival - score) <= 1e-12:
            found.pessimistic += 1
        elif rival > score:
            found.pessimistic += 1
            found.optimistic += 1
    return found


def ablation_change(world: World, article: int, last: int, damaged: Sequence[Vector]) -> float:
    place = (article, last + world.horizon)
    before = float(world.predict(article, last) @ world.chunks[place])
    return float(world.ask(damaged, place) @ world.chunks[place]) - before


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
            context = [at(i) for i in range(end - world.context + 1, end + 1)]
            known[place] = world.ask(context, (article, place))
        return known[place]

    return [float(at(target + j) @ world.chunks[article, target + j]) for j in range(steps)]


def coherence_bin(world: World, article: int, last: int) -> str:
    window = world.window(article, last)
    if len(window) == 1:
        return "high"
    adjacent = [float(window[i] @ window[i + 1]) for i in range(len(window) - 1)]
    mean = sum(adjacent) / len(adjacent)
    return "low" if mean < 0.45 else "high" if mean > 0.55 else "normal"


def target_cosine(world: World, article: int, last: int) -> float:
    return float(world.predict(article, last) @ world.chunks[article, last + world.horizon])


def recall(ranks: Sequence[int], k: int) -> float:
    return sum(rank <= k for rank in ranks) / len(ranks)


def median(ranks: Sequence[int]) -> float:
    return float(statistics.median(ranks))


def pool(world: World, article: int, last: int) -> list[Place]:
    """Chunks of the article that could have been the target: a whole window before them, not read."""
    return [
        (a, c)
        for a, c in world.chunks
        if a == article
        and not last - world.context < c <= last
        and world.has(article, c - world.horizon - world.context + 1, c)
    ]


def pool_scores(
    world: World, article: int, last: int, mean: Vector | None = None
) -> tuple[list[float], float]:
    """Cosines of the prediction, less a mean row if there is one, with the pool and with the target."""
    target = (article, last + world.horizon)
    prediction = world.predict(article, last)
    if mean is not None:
        prediction = world.model(np.stack(world.window(article, last)), target) - mean
        length = math.sqrt(float(prediction @ prediction))
        # A prediction that is the mean itself says nothing once it is subtracted.
        prediction = prediction / length if length > 1e-6 else 0 * prediction
    scores = [float(prediction @ world.chunks[place]) for place in pool(world, article, last)]
    return scores, float(prediction @ world.chunks[target])


def bits(scored: Sequence[tuple[list[float], float]], articles: Sequence[int]) -> list[float | None]:
    """Bits of each window by a beta that bisection finds on all other articles; up to 20 of them.

    There each target is wanted one window less than certainly: of n, 1 / (n + 1) goes to its whole pool.
    """
    told = [len(scores) > 1 for scores, _ in scored]
    names = sorted({article for article, some in zip(articles, told, strict=True) if some})
    found: list[float | None] = [None] * len(scored)
    for left_out in names if len(names) > 1 else []:
        others = [
            (np.array(scores), target)
            for (scores, target), article, some in zip(scored, articles, told, strict=True)
            if some and article != left_out
        ]

        def slope(beta: float, rows: Sequence[tuple[Vector, float]] = others) -> float:
            total = 0.0
            for scores, target in rows:
                weights = np.exp(beta * (scores - scores.max()))
                wanted = (len(rows) * target + float(scores.mean())) / (len(rows) + 1)
                total += float(weights @ scores / weights.sum()) - wanted
            return total

        low, high = 0.0, 1e4
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if slope(middle) < 0 else (low, middle)
        for i, (scores, target) in enumerate(scored):
            if told[i] and articles[i] == left_out:
                total = sum(math.exp(low * (score - target)) for score in scores)
                found[i] = math.log2(len(scores)) - math.log2(total)
    return found


def nearest_read(world: World, article: int, last: int, vector: Vector) -> float:
    """The largest cosine to a chunk of the context."""
    return max(float(vector @ chunk) for chunk in world.window(article, last))
