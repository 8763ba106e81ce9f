"""A recipe of several seeds: its runs, its spread, its verdict; and two of them side by side."""

from collections.abc import Sequence

from gatekeeper.evaluation.recipes import SHOWN, Figures, Recipe
from gatekeeper.render.comparison import meaning
from gatekeeper.render.grid import grid
from gatekeeper.render.leaderboard import render_leaderboard
from gatekeeper.render.rows import interval, number
from gates.over_seeds import OverSeeds
from schemas.records.evidence import Metric
from schemas.records.report import Report
from schemas.records.splits import EVALUATED
from schemas.text import printable
from schemas.verdict.knowledge import best_control

_EXPLAINED = (
    "over seeds: the interval of the mean over seeds, on these articles; sd: of single runs\n"
    "over articles: the interval of the same mean, clustered by article, for these seeds"
)


def render_recipe(recipe: Recipe, figures: Figures, *, verdict: str) -> str:
    """The runs as a leaderboard, their spread, the best controls, and last the verdict on the recipe.

    Args:
        recipe: the runs.
        figures: of them.
        verdict: its line.
    """
    board = render_leaderboard([(run.path.parent.name, run.report) for run in recipe.runs])
    rows = [
        [name, split, number(found.articles.value), *_spread(found)]
        for name in SHOWN
        for split, metrics in figures.items()
        if (found := metrics.get(name)) is not None
    ]
    headers = ("metric", "split", "mean", "sd", "over seeds", "over articles")
    table = grid(rows, headers)
    return "\n\n".join([board, table, _EXPLAINED, *_controls(recipe), verdict])


def _controls(recipe: Recipe) -> list[str]:
    """The control that knows most on each split, in a line; all runs were measured beside the same ones."""
    evidence = recipe.runs[0].report.evidence
    found = [
        f"{best[0]} {number(best[1])} on {split}"
        for split in EVALUATED
        if (best := best_control(evidence, split)) is not None
    ]
    return [f"best control, in bits: {', '.join(found)}"] if found else []


def recipe_verdict(recipe: str, reports: Sequence[Report], passed: int) -> str:
    """The rule and how it came out, e.g. ``BLOCKED: ridge passes with 1 of 3 seeds; ...``."""
    word = "DEPLOYABLE" if passed == len(reports) else "BLOCKED"
    if word == "BLOCKED" and all(each.judgement.verdict.outcome != "blocked" for each in reports):
        word = "ERROR"
    return f"{word}: {recipe} passes with {passed} of {len(reports)} seeds; a recipe passes when all do"


def render_recipes(
    first: Recipe, second: Recipe, differences: Figures, *, every: bool, markdown: bool
) -> str:
    """B against A: both means, their difference, and its interval over seeds and over articles."""
    rows = [
        [
            name,
            split,
            number(first.value(split, name)),
            number(second.value(split, name)),
            number(found.articles.value),
            *_spread(found),
            _meaning(name, found),
        ]
        for split, metrics in differences.items()
        for name, found in metrics.items()
        if every or name in SHOWN
    ]
    headers = ("metric", "split", "A", "B", "B - A", "sd", "over seeds", "over articles", "")
    table = grid(rows, headers, "github" if markdown else "simple")
    named = [
        f"{letter}: {printable(str(each.folder))}, {len(each.runs)} seeds"
        for letter, each in (("A", first), ("B", second))
    ]
    return "\n\n".join(["\n".join(named), table, _EXPLAINED])


def recipes_to_json(first: Recipe, second: Recipe, differences: Figures) -> dict[str, object]:
    """Every difference as plain values."""
    return {
        "a": str(first.folder),
        "b": str(second.folder),
        "seeds": [len(first.runs), len(second.runs)],
        "confidence": first.confidence,
        "differences": [
            {
                "metric": name,
                "split": split,
                "a": first.value(split, name),
                "b": second.value(split, name),
                "difference": found.articles.value,
                "articles_low": found.articles.low,
                "articles_high": found.articles.high,
                "seeds_half": found.seeds,
                "seeds_deviation": found.deviation,
                "meaning": _meaning(name, found),
            }
            for split, metrics in differences.items()
            for name, found in metrics.items()
        ],
    }


def _spread(found: OverSeeds) -> tuple[str, str, str]:
    return number(found.deviation), interval(_of_seeds(found)), interval(found.articles)


def _of_seeds(found: OverSeeds) -> Metric:
    """The interval over seeds, around the same mean."""
    mean, value, half = found.articles, found.articles.value, found.seeds
    if value is None or half is None:
        return Metric(value, None, None, mean.n, mean.articles, "one seed has no spread")
    return Metric(value, value - half, value + half, mean.n, mean.articles)


def _meaning(name: str, found: OverSeeds) -> str:
    """Better or worse only where neither other articles nor other seeds would explain the difference."""
    by_seeds, by_articles = meaning(name, _of_seeds(found)), meaning(name, found.articles)
    return (
        by_articles if by_seeds == by_articles else "no difference shown" if by_seeds and by_articles else ""
    )
