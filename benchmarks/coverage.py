"""How often do 95% intervals hold the truth where articles are few or unequal?

    python benchmarks/coverage.py [--repetitions 600]

Each repetition draws articles from a population whose figures are known in closed form, and asks the
same functions that an evaluation asks. Two populations: a model's quality *varies* from article to article
(uniform in 0 to .9), or it is right in *three of four* articles (.9) and knows nothing of the fourth (0).
Windows scatter around their article's quality.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm
from tabulate import tabulate

from gates.contracts import DoubleArray, IntArray, Values
from gates.intervals import estimate_mean, gap_metric, least_metric, mean_metric, median_metric, share_metric
from gates.paired import paired_difference
from schemas.records.evidence import Metric

CONFIDENCE = 0.95
NOISE = 0.25
"""Standard deviation of windows around the quality of their article."""
PASSED = 0.5
"""A window above this is a hit."""
RIVALS = np.array([0.0, 0.02, 0.1, 0.2, 0.3, 0.4])
"""By how much the target lies farther above each rival than above the closest one."""
GAP = 0.1
LEVELS, WEIGHTS = np.linspace(0.0, 0.9, 2001), np.full(2001, 1 / 2001)
FIGURES = ("mean", "least", "share", "median", "gap", "gain")


@dataclass(frozen=True)
class Population:
    """Articles of known quality.

    Attributes:
        name: for the table.
        draw: qualities (G,) of so many articles.
        levels: (K,) qualities, and weights: how often each occurs.
    """

    name: str
    draw: Callable[[np.random.Generator, int], DoubleArray]
    levels: DoubleArray
    weights: DoubleArray

    def truth(self) -> dict[str, float]:
        """Every figure of the whole population."""
        mean = float(self.levels @ self.weights)

        def above(value: float) -> float:
            return float(norm.sf(value, self.levels, NOISE) @ self.weights)

        median = float(brentq(lambda value: above(value) - 0.5, -1.0, 2.0))
        truths = {"mean": mean, "least": mean, "share": above(PASSED), "median": median}
        return truths | {"gap": GAP, "gain": mean}


@dataclass(frozen=True)
class Design:
    """How many articles, and how many windows each: ``sizes`` draws (G,)."""

    name: str
    sizes: Callable[[np.random.Generator], IntArray]


POPULATIONS = (
    Population("varies", lambda rng, count: rng.uniform(0.0, 0.9, count), LEVELS, WEIGHTS),
    Population(
        "three of four",
        lambda rng, count: np.where(rng.random(count) < 0.75, 0.9, 0.0),
        np.array([0.9, 0.0]),
        np.array([0.75, 0.25]),
    ),
)


def _fixed(sizes: list[int]) -> Callable[[np.random.Generator], IntArray]:
    return lambda _: np.array(sizes)


def _log_normal(count: int) -> Callable[[np.random.Generator], IntArray]:
    return lambda rng: np.ceil(np.exp(rng.normal(np.log(25), 0.6, count))).astype(np.int64)


def designs() -> Iterator[Design]:
    """5 to 60 articles: equal, log-normal as Wikipedia's are, one giant or two."""
    for count in (5, 8, 12, 20, 40, 60):
        yield Design(f"{count} equal", _fixed([25] * count))
        yield Design(f"{count} log-normal", _log_normal(count))
        for giants in (1, 2):
            yield Design(f"{count}, {giants} of 195", _fixed([195] * giants + [10] * (count - giants)))


def world(
    rng: np.random.Generator, population: Population, design: Design
) -> tuple[DoubleArray, DoubleArray, IntArray]:
    """Values (n,), rivals' noise (n, 6) and articles (n,) of one draw."""
    sizes = design.sizes(rng)
    articles = np.repeat(np.arange(len(sizes)), sizes)
    values = population.draw(rng, len(sizes))[articles] + NOISE * rng.standard_normal(len(articles))
    return values, 0.1 * rng.standard_normal((len(sizes), len(RIVALS)))[articles], articles


def figures(rng: np.random.Generator, population: Population, design: Design) -> dict[str, Metric]:
    """Every figure of one draw, by the engine's own functions."""
    values, rivals, articles = world(rng, population, design)
    others, _, other_articles = world(rng, population, design)
    first = rng.standard_normal(len(values))
    gain = paired_difference(
        Values("mean", first, articles), Values("mean", first + values, articles), CONFIDENCE
    )
    return {
        "mean": mean_metric(values, articles, CONFIDENCE),
        "least": least_metric(values[:, None] + rivals + RIVALS, articles, CONFIDENCE),
        "share": share_metric(values > PASSED, articles, CONFIDENCE),
        "median": median_metric(values, articles, CONFIDENCE),
        "gap": gap_metric(
            estimate_mean(values + GAP, articles), estimate_mean(others, other_articles), CONFIDENCE
        ),
        "gain": gain.metric,
    }


def simulate(population: Population, design: Design, repetitions: int) -> tuple[DoubleArray, DoubleArray]:
    """Shares (6,) of intervals that hold the truth, and of those that lie wholly above it."""
    rng, truth = np.random.default_rng(1), population.truth()
    held, above = np.zeros(len(FIGURES)), np.zeros(len(FIGURES))
    for _ in range(repetitions):
        drawn = figures(rng, population, design)
        for i, name in enumerate(FIGURES):
            low, high = drawn[name].low, drawn[name].high
            if low is not None and high is not None:
                held[i] += low <= truth[name] <= high
                above[i] += low > truth[name]
    return held / repetitions, above / repetitions


def main() -> None:
    """Print both tables and what they come to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--repetitions", type=int, default=600)
    repetitions = parser.parse_args().repetitions
    for population in POPULATIONS:
        rows, found = [], []
        for design in designs():
            held, above = simulate(population, design, repetitions)
            found.append((held, above))
            rows.append([design.name, *(f"{100 * share:.1f}" for share in held), f"{100 * above[0]:.1f}"])
        held, above = (np.array(part) for part in zip(*found, strict=True))
        for name, fold in (("mean", np.mean), ("least", np.min)):
            rows.append(
                [
                    name,
                    *(f"{100 * share:.1f}" for share in fold(held, axis=0)),
                    f"{100 * fold(above[:, 0]):.1f}",
                ]
            )
        print(f"quality: {population.name} ({repetitions} draws a line; in %)")
        print(
            tabulate(rows, ["articles", *FIGURES, "mean too high"], tablefmt="github", disable_numparse=True)
        )
        worst = (f"{name} {100 * share:.1f}" for name, share in zip(FIGURES, above.max(axis=0), strict=True))
        print(f"too high at most: {', '.join(worst)}")
        print()


if __name__ == "__main__":
    main()
