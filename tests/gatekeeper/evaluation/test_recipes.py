"""Runs of several seeds, read from the disk and compared."""

import shutil
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

from gatekeeper.evaluation.recipes import compare_recipes, read_recipe, recipe_figures
from schemas.errors import DataError, ReportError

Run = Callable[..., click.testing.Result]


@pytest.fixture
def folders(world: Path, run: Run) -> tuple[Path, Path]:
    """Two "recipes" of two runs each: a copy and a ridge, and a ridge twice."""
    made = (world / "first", world / "second")
    for folder, controls in zip(made, (("copy_last", "ridge"), ("ridge", "ridge")), strict=True):
        for seed, name in enumerate(controls):
            mine = folder / f"seed_{seed}"
            mine.mkdir(parents=True)
            code = run("eval", f"control:{name}", "--report", str(mine / "5cat_results.json")).exit_code
            assert code in (0, 1)
    return made


def test_the_mean_over_runs_is_that_of_their_reports(folders: tuple[Path, Path]) -> None:
    first, second = map(read_recipe, folders)
    for split, metrics in recipe_figures(first).items():
        for name, found in metrics.items():
            assert found.articles.value == pytest.approx(first.value(split, name), abs=1e-6), name
    for split, metrics in compare_recipes(first, second).items():
        for name, found in metrics.items():
            mine, theirs = first.value(split, name), second.value(split, name)
            assert mine is not None
            assert theirs is not None
            assert found.articles.value == pytest.approx(theirs - mine, abs=1e-6), name
    # the same model twice has no spread
    assert all(each.deviation < 1e-9 for each in recipe_figures(second)["ood"].values())


def test_what_is_no_recipe_is_refused(folders: tuple[Path, Path], run: Run) -> None:
    first, second = folders
    with pytest.raises(DataError, match=r"holds 0 evaluated run\(s\)"):
        read_recipe(first / "seed_0")
    shutil.rmtree(second / "seed_1")
    with pytest.raises(DataError, match=r"holds 1 evaluated run\(s\)"):
        read_recipe(second)
    path = first / "seed_1" / "5cat_results.json"
    assert run("eval", "control:ridge", "--seed", "3", "--report", str(path)).exit_code in (0, 1)
    with pytest.raises(ReportError, match="seed"):
        read_recipe(first)
