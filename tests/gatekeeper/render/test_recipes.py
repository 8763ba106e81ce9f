"""Recipes of several seeds as people and programs read them."""

from pathlib import Path

import pytest

from gatekeeper.evaluation.comparison import Scored
from gatekeeper.evaluation.recipes import Recipe
from gatekeeper.render.recipes import recipe_verdict, recipes_to_json, render_recipe, render_recipes
from gates.over_seeds import OverSeeds
from schemas.records.evidence import Metric
from schemas.records.metrics import COSINE, MARGIN
from tests.gatekeeper.render.page.pages import report_of
from tests.gatekeeper.render.rulings import make_evidence

GOOD, BAD = (report_of(make_evidence({(MARGIN, "ood"): margin}), spec="m.pt") for margin in (0.15, -0.35))


def recipe(name: str, *reports: object) -> Recipe:
    runs = (
        Scored(report, Path(name, f"seed_{seed}", "5cat_results.json"))  # type: ignore[arg-type]
        for seed, report in enumerate(reports)
    )
    return Recipe(Path(name), tuple(runs))


FIRST, SECOND = recipe("a", GOOD, BAD), recipe("b", GOOD, GOOD, GOOD)
SHOWN, OPEN = Metric(0.2, 0.1, 0.3, 300, 20), Metric(0.2, -0.1, 0.5, 300, 20)
FIGURES = {
    "val": {MARGIN: OverSeeds(SHOWN, 0.05, 0.08), COSINE: OverSeeds(SHOWN, 0.2, 0.25)},
    "ood": {
        MARGIN: OverSeeds(Metric(0.2, -0.1, 0.5, 300, 20), 0.05, 0.08),
        COSINE: OverSeeds(SHOWN, 0.0, None),
    },
}


@pytest.mark.parametrize(
    ("reports", "passed", "line"),
    [
        ([GOOD, GOOD], 2, "DEPLOYABLE: p6b passes with 2 of 2 seeds; a recipe passes when all do"),
        ([GOOD, BAD], 1, "BLOCKED: p6b passes with 1 of 2 seeds; a recipe passes when all do"),
    ],
)
def test_a_recipe_passes_when_every_seed_does(reports: list[object], passed: int, line: str) -> None:
    assert recipe_verdict("p6b", reports, passed) == line  # type: ignore[arg-type]


def test_seeds_then_spread_then_the_verdict() -> None:
    text = render_recipe(FIRST, FIGURES, verdict="BLOCKED: p6b passes with 1 of 2 seeds")
    lines = text.split("\n")
    assert [line.split()[0] for line in lines[2:4]] == ["seed_0", "seed_1"]
    figures = ["0.200", "0.050", "[0.120,", "0.280]", "[0.100,", "0.300]"]
    assert [MARGIN, "val", *figures] in [line.split() for line in lines]
    assert lines[-1] == "BLOCKED: p6b passes with 1 of 2 seeds"


def test_a_difference_is_better_only_where_neither_seeds_nor_articles_explain_it() -> None:
    found = recipes_to_json(FIRST, SECOND, FIGURES)
    rows: list[dict[str, object]] = found["differences"]  # type: ignore[assignment]
    told = {(row["split"], row["metric"]): row["meaning"] for row in rows}
    assert told == {
        ("val", MARGIN): "better",
        ("val", COSINE): "no difference shown",  # other seeds would
        ("ood", MARGIN): "no difference shown",  # other articles would
        ("ood", COSINE): "",  # one seed has no spread
    }
    assert found["seeds"] == [2, 3]
    assert rows[2]["a"] == pytest.approx(-0.1)  # (0.15 - 0.35) / 2
    table = render_recipes(FIRST, SECOND, FIGURES, every=False, markdown=True)
    assert table.startswith("A: a, 2 seeds\nB: b, 3 seeds\n\n| metric")
