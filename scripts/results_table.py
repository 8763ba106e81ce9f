"""The tables of ``docs/results.md``: ``python -m scripts.results_table RESULTS.json [PAGE]``.

Makes a Markdown table a data set from what ``scripts/results.py`` collected: a row a recipe and split, means
over seeds (with the standard deviation where there are several), then the controls. With a page, they
replace what stands there between ``<!-- table: NAME -->`` and ``<!-- end -->``, and the figures are kept
beside it as ``results.json``, from which its pictures are drawn (``docs/figures.py``); else they are printed.
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from gatekeeper.render.rows import number
from schemas.disk.atomic import write_text
from schemas.records.metrics import BITS_KNOWN, COSINE, MARGIN, RECALL_UNSEEN
from schemas.records.splits import EVALUATED

Results = dict[str, dict[str, Any]]
"""Data set -> rows (recipe -> one entry a seed), controls and mixtures, and the horizon of these two."""

FIGURES = {
    "margin": MARGIN,
    "margin unseen": "offset_sweep.margin_unseen",
    "cos": COSINE,
    "bits": BITS_KNOWN,
    "R@5 unseen": RECALL_UNSEEN,
}
"""Column -> metric."""

COLUMNS = ("margin", "margin unseen", "cos", "bits", "gain", "R@5 unseen")

POLICIES = ("skill", "seed-5cat")
"""Every model is judged under both. The first draws at most 60 windows an article; its figures are shown."""

_PLACE = re.compile(r"(?s)(?<=<!-- table: )(?P<name>[^ ]+)(?P<after> -->\n).*?(?=<!-- end -->)")


def table(world: dict[str, Any]) -> str:
    """All rows of a data set."""
    heads = ("", "horizon", "split", *COLUMNS, *POLICIES)
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    lines += [f"| {' | '.join(cells)} |" for cells in (*_recipes(world), *_controls(world))]
    return "\n".join(lines)


def _recipes(world: dict[str, Any]) -> Iterator[list[str]]:
    for name, runs in world["rows"].items():
        verdicts = [_passed([run["deployable"][policy] for run in runs]) for policy in POLICIES]
        for split in EVALUATED:
            figures = [_spread([run["splits"][split][column] for run in runs]) for column in COLUMNS]
            yield [name, str(runs[0]["horizon"]), split, *figures, *verdicts]


def _controls(world: dict[str, Any]) -> Iterator[list[str]]:
    for name, splits in world["controls"].items():
        for split in EVALUATED:
            figures = [number(splits[split].get(column)) if column != "gain" else "" for column in COLUMNS]
            yield [f"*{name}*", str(world["horizon"]), split, *figures, *("" for _ in POLICIES)]


def _spread(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return "undefined"
    deviation = f" ± {number(stdev(known))}" if len(known) > 1 else ""
    return f"{number(fmean(known))}{deviation}"


def _passed(runs: Sequence[bool]) -> str:
    """E.g. ``2 of 3``, of seeds that may be deployed."""
    return f"{sum(runs)} of {len(runs)}"


def filled(page: str, results: Results) -> str:
    """The page with its tables made anew; one of a data set that was not measured stays as it is."""

    def anew(found: re.Match[str]) -> str:
        name, after = found["name"], found["after"]
        return f"{name}{after}{table(results[name])}\n" if name in results else found[0]

    return _PLACE.sub(anew, page)


def keep(file: Path, results: Results) -> None:
    """Write the figures into a file; those of a data set that was not measured stay in it as they are."""
    known: Results = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    write_text(file, json.dumps(known | results, indent=1) + "\n")


def main(arguments: list[str]) -> None:
    """Print the tables, or put them into a page."""
    results: Results = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    if len(arguments) > 1:
        page = Path(arguments[1])
        keep(page.with_name("results.json"), results)
        write_text(page, filled(page.read_text(encoding="utf-8"), results))
        return
    for name, world in results.items():
        print(f"{name}\n\n{table(world)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
