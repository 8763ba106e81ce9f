"""``gatekeeper compare``: is B better than A, on identical samples?"""

from pathlib import Path

import click

from gatekeeper.cli.command import command
from gatekeeper.cli.options import Format, format_option
from gatekeeper.cli.progress import working
from gatekeeper.cli.types import FILE
from gatekeeper.cli.voice import show, show_json
from schemas.errors import UsageError
from schemas.reading.report import read_report


@command("compare")
@click.argument("reports", nargs=-1, required=True, type=FILE, metavar="A B...")
@click.option("--all", "every", is_flag=True, help="Every metric, not only those the policies check.")
@format_option
def compare_command(reports: tuple[Path, ...], every: bool, form: Format) -> None:
    """Compare the reports B... with A, sample by sample, from the scores beside them.

    Each difference has an interval clustered by article, and the smallest true difference that these
    samples would have shown. With three reports or more a leaderboard is printed, all against A.

    Two folders of `gatekeeper train RECIPE --seeds N` are compared as recipes: the means over seeds, and
    what other seeds and other articles could have changed.

    Exit codes: 0 done, 2 usage error, 3 the reports measured different things or scores are missing.
    """
    if all(path.is_dir() for path in reports):
        _compare_recipes(reports, every=every, form=form)
        return
    from gatekeeper.evaluation.comparison import Scored, compare
    from gatekeeper.render.comparison import comparison_to_json, render_comparison, render_standings

    if len(reports) < 2:
        raise UsageError(f"compare needs two reports or more, found {len(reports)}")
    first, *others = (Scored(read_report(path), path) for path in reports)
    with working("comparing"):
        found = [(other, compare(first, other)) for other in others]
    if form == "json":
        values = [comparison_to_json(first, other, differences) for other, differences in found]
        show_json(values[0] if len(values) == 1 else values)
    elif len(found) == 1:
        show(render_comparison(first, *found[0], every=every, markdown=form == "markdown"))
    else:
        if every:
            raise UsageError("--all needs exactly two reports; a leaderboard has no room for every metric")
        show(render_standings(first, found, markdown=form == "markdown"))


def _compare_recipes(folders: tuple[Path, ...], *, every: bool, form: Format) -> None:
    from gatekeeper.evaluation.recipes import compare_recipes, read_recipe
    from gatekeeper.render.recipes import recipes_to_json, render_recipes

    if len(folders) != 2:
        raise UsageError("recipes are compared two at a time: expected two folders of runs")
    first, second = map(read_recipe, folders)
    with working("comparing"):
        found = compare_recipes(first, second)
    if form == "json":
        show_json(recipes_to_json(first, second, found))
    else:
        show(render_recipes(first, second, found, every=every, markdown=form == "markdown"))
