"""How often do 95% intervals hold the truth where articles are few or unequal?

    python benchmarks/coverage.py [--repetitions 2000]

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
from schemas.verdict.checks import LEAST_ARTICLES, LEAST_EFFECTIVE

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
SHOWN = ("mean", "least", "share", "median", "gap")
"""Of the figures, in the table; a gain is the mean of differences."""


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


@dataclass(frozen=True)
class Shares:
    """How often, figure by figure (6,): 0 to 1.

    Attributes:
        held: the interval holds the truth.
        above: it lies wholly above.
        passed: it does, and a rule that decides by intervals has articles enough to go by it.
    """

    held: DoubleArray
    above: DoubleArray
    passed: DoubleArray


def simulate(population: Population, design: Design, repetitions: int) -> Shares:
    """All of it over so many draws."""
    rng, truth = np.random.default_rng(1), population.truth()
    held, above, passed = np.zeros((3, len(FIGURES)))
    for _ in range(repetitions):
        drawn = figures(rng, population, design)
        for i, name in enumerate(FIGURES):
            metric = drawn[name]
            if metric.low is None or metric.high is None or metric.effective is None:
                continue
            held[i] += metric.low <= truth[name] <= metric.high
            above[i] += metric.low > truth[name]
            enough = metric.articles >= LEAST_ARTICLES and metric.effective >= LEAST_EFFECTIVE
            passed[i] += metric.low > truth[name] and enough
    return Shares(held / repetitions, above / repetitions, passed / repetitions)


def main() -> None:
    """Print the table, and what it comes to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--repetitions", type=int, default=2000)
    repetitions = parser.parse_args().repetitions
    names = [design.name for design in designs()]
    found = [[simulate(each, design, repetitions) for design in designs()] for each in POPULATIONS]
    shown = [FIGURES.index(name) for name in SHOWN]
    held = [100 * np.array([each.held for each in shares]) for shares in found]
    above, passed = (
        100 * np.array([getattr(each, name)[0] for each in found[-1]]) for name in ("above", "passed")
    )
    columns = np.column_stack([*(each[:, shown] for each in held), above, passed])
    rows = [[name, *_told(row)] for name, row in zip(names, columns, strict=True)]
    rows += [["mean", *_told(columns.mean(axis=0))], ["least", *_told(columns[:, :-2].min(axis=0)), "", ""]]
    rows += [["most", *[""] * (columns.shape[1] - 2), *_told(columns[:, -2:].max(axis=0))]]
    heads = [f"{each.name}: {name}" for each in POPULATIONS for name in SHOWN]
    print(f"intervals of 95% that hold the truth, in % of {repetitions} draws")
    print(
        tabulate(
            rows,
            ["articles", *heads, "too high", "passed wrongly"],
            tablefmt="github",
            disable_numparse=True,
        )
    )
    apart = max(np.abs(each[:, FIGURES.index("gain")] - each[:, 0]).max() for each in held)
    print(f"gain: as the mean, to within {apart:.1f}")


def _told(shares: DoubleArray) -> list[str]:
    return [f"{share:.1f}" for share in shares]


if __name__ == "__main__":
    main()
