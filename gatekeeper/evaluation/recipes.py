"""Recipes of several seeds: their runs read from the disk, their figures over seeds and over articles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gatekeeper.evaluation.comparison import Scored, read_scores, refuse_incomparable
from gates.contracts import Values
from gates.over_seeds import OverSeeds, over_seeds, recipe_difference
from gates.paired import sample_values
from schemas.errors import DataError
from schemas.reading.report import read_report
from schemas.records.metrics import BITS_KNOWN, COSINE, MARGIN, RECALL_UNSEEN
from schemas.records.splits import EVALUATED

SHOWN = (BITS_KNOWN, MARGIN, COSINE, RECALL_UNSEEN)
"""What is told of a recipe unless every metric is asked for."""

Figures = Mapping[str, Mapping[str, OverSeeds]]
"""split -> metric -> what it is over seeds and articles."""

_SplitRuns = Mapping[str, Mapping[str, Sequence[Values]]]


@dataclass(frozen=True, eq=False)
class Recipe:
    """Runs that differ in their seed.

    Attributes:
        folder: above them.
        runs: two or more, measured on the same samples.
    """

    folder: Path
    runs: tuple[Scored, ...]

    @property
    def confidence(self) -> float:
        """Of every interval."""
        return self.runs[0].report.settings.confidence

    def value(self, split: str, name: str) -> float | None:
        """The mean over runs of a metric; None where one of them has none."""
        found = [run.report.evidence.model[split][name].value for run in self.runs]
        values = [value for value in found if value is not None]
        return sum(values) / len(values) if len(values) == len(found) else None


def read_recipe(folder: Path) -> Recipe:
    """The runs below a folder of ``gatekeeper train RECIPE --seeds``.

    Raises:
        DataError: there are fewer than two.
        ReportError: one cannot be read, or they did not measure the same samples.
    """
    # The name is spelt out: gatekeeper.training is a room above this one.
    paths = sorted(folder.glob("seed_*/5cat_results.json"), key=lambda path: (len(path.parent.name), path))
    if len(paths) < 2:
        raise DataError(
            f"{folder} holds {len(paths)} evaluated run(s) seed_*/5cat_results.json, expected two or more; "
            "name a report, or a folder of `gatekeeper train RECIPE --seeds N`"
        )
    runs = tuple(Scored(read_report(path), path) for path in paths)
    for other in runs[1:]:
        refuse_incomparable(runs[0], other)
    return Recipe(folder, runs)


def recipe_figures(recipe: Recipe) -> Figures:
    """Every metric that is a mean of samples, with its spread over seeds and over articles.

    Raises:
        DataError: scores are missing, or changed.
    """
    return {
        split: {name: over_seeds(runs, recipe.confidence) for name, runs in rows.items()}
        for split, rows in _values(recipe).items()
    }


def compare_recipes(first: Recipe, second: Recipe) -> Figures:
    """Second minus first, of every metric that is a mean of samples.

    Raises:
        ReportError: they measured different things.
        DataError: scores are missing, changed, or of other samples.
    """
    refuse_incomparable(first.runs[0], second.runs[0])
    mine, theirs = _values(first), _values(second)
    return {
        split: {
            name: recipe_difference(runs, theirs[split][name], first.confidence)
            for name, runs in rows.items()
            if len(runs[0].values) == len(theirs[split][name][0].values)
        }
        for split, rows in mine.items()
    }


def _values(recipe: Recipe) -> _SplitRuns:
    """Split -> metric -> its per-sample values in each run; a metric must have the same samples in all."""
    recorded = [read_scores(run) for run in recipe.runs]
    found: dict[str, dict[str, Sequence[Values]]] = {}
    for split in EVALUATED:
        each = [
            {
                name: values
                for gate, samples in run[split].items()
                for name, values in sample_values(gate, samples).items()
            }
            for run in recorded
        ]
        found[split] = {
            name: [run[name] for run in each]
            for name, values in each[0].items()
            if values.kind != "median"
            and {len(run[name].values) for run in each} == {len(values.values) or -1}
        }
    return found
