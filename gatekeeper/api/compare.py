"""``gatekeeper.compare``: is one model better than another?"""

import html
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatekeeper.api.evaluate import Evaluation
from gatekeeper.config.given import path_given
from gatekeeper.evaluation import comparison, recipes
from gatekeeper.evaluation.comparison import Differences, Scored
from gatekeeper.evaluation.recipes import Figures, Recipe
from gatekeeper.render.comparison import comparison_to_json, render_comparison, render_standings
from gatekeeper.render.frame import Row, to_frame
from gatekeeper.render.recipes import recipes_to_json, render_recipes
from schemas.errors import UsageError
from schemas.reading.report import read_report


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models beside the first, sample by sample.

    Attributes:
        first: what the others are compared with.
        others: each with its differences: split -> metric -> other minus first.
    """

    first: Scored
    others: tuple[tuple[Scored, Differences], ...]

    def to_frame(self) -> Any:  # noqa: ANN401  (pandas is not everywhere)
        """Tidy rows, one a model, metric and split: both figures, difference, interval and meaning."""
        rows: list[Row] = []
        for other, found in self.others:
            plain: Any = comparison_to_json(self.first, other, found)
            rows += [{"first": plain["a"], "other": plain["b"], **row} for row in plain["differences"]]
        return to_frame(rows)

    def __repr__(self) -> str:
        """E.g. ``<Comparison of b, c with a>``."""
        return f"<Comparison of {', '.join(other.name for other, _ in self.others)} with {self.first.name}>"

    def __str__(self) -> str:
        """The table, or the leaderboard, that the command prints."""
        if len(self.others) == 1:
            return render_comparison(self.first, *self.others[0], every=False, markdown=False)
        return render_standings(self.first, self.others, markdown=False)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


@dataclass(frozen=True, eq=False)
class RecipeComparison:
    """One recipe beside another, each trained with several seeds.

    Attributes:
        first: what the second is compared with.
        second: the other.
        differences: split -> metric -> second minus first, with its spread over seeds and over articles.
    """

    first: Recipe
    second: Recipe
    differences: Figures

    def to_frame(self) -> Any:  # noqa: ANN401  (pandas is not everywhere)
        """Tidy rows, one a metric and split: both means, difference, both spreads and meaning."""
        plain: Any = recipes_to_json(self.first, self.second, self.differences)
        return to_frame([{"first": plain["a"], "second": plain["b"], **row} for row in plain["differences"]])

    def __repr__(self) -> str:
        """E.g. ``<RecipeComparison of runs/nce with runs/ridge>``."""
        return f"<RecipeComparison of {self.second.folder} with {self.first.folder}>"

    def __str__(self) -> str:
        """The table that the command prints."""
        return render_recipes(self.first, self.second, self.differences, every=False, markdown=False)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def compare(
    first: Evaluation | str | os.PathLike[str], *others: Evaluation | str | os.PathLike[str]
) -> Comparison:
    """Compare models with the first, on identical samples, as ``gatekeeper compare`` does.

    Args:
        first: an evaluation, or the file of one, with its scores beside it.
        others: one or more of them.

    Raises:
        UsageError: there is nothing to compare with, or something is neither an evaluation nor a path.
        ReportError: the reports measured different things.
        DataError: scores are missing.
    """
    if not others:
        raise UsageError("compare needs two reports or more, found 1")
    mine = _scored(first)
    found = tuple((each, comparison.compare(mine, each)) for each in map(_scored, others))
    return Comparison(mine, found)


def compare_recipes(first: str | os.PathLike[str], second: str | os.PathLike[str]) -> RecipeComparison:
    """Compare two recipes, each trained with several seeds, as ``gatekeeper compare`` does with folders.

    Args:
        first: folder of ``gatekeeper train RECIPE --seeds N``.
        second: another.

    Raises:
        UsageError: something is no path.
        ReportError: the runs measured different things, or a report cannot be read.
        DataError: scores are missing, or a folder holds fewer than two runs.
    """
    one, two = (recipes.read_recipe(path_given(each, "a folder of runs")) for each in (first, second))
    return RecipeComparison(one, two, recipes.compare_recipes(one, two))


def _scored(report: Evaluation | str | os.PathLike[str]) -> Scored:
    if not isinstance(report, Evaluation):
        file = path_given(report, "an evaluation, or the file of a report")
        return Scored(read_report(file), file)
    record = report.report
    return Scored(record, Path(record.inputs.model.spec), report.result.measurement.samples)
