"""Train every recipe on every data set and measure what came of it: ``make results`` (``QUICK=1``).

``python scripts/results.py [--quick] [--books BANK.npz] [--out FOLDER]`` trains with three seeds (quick: one,
smaller and shorter), judges each model under ``skill`` and under ``seed-5cat``, and collects the figures in
``FOLDER/results.json``, from which ``scripts/results_table.py`` makes the tables. What is there already is
not done again, and a run that was stopped in its middle goes on from its last state. Stop it when you like:
the figures of what is done are collected then too.

The books (54,300 chunks) are not bundled; without ``--books`` they are left out. Networks this small gain
little from a second core: ``--jobs`` runs are made at once instead, and share the cores.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import torch

import gatekeeper
from schemas.disk.atomic import write_text
from schemas.reading.report import read_report
from schemas.records.evidence import Metrics
from schemas.records.metrics import BITS_KNOWN
from schemas.records.report import Report
from schemas.records.splits import EVALUATED
from schemas.verdict.knowledge import best_control
from scripts.results_table import FIGURES, POLICIES, Results
from trainers.checkpoints.checkpoint import read_checkpoint, restore

RECIPES: Mapping[str, tuple[str, ...]] = {
    "ridge": (),
    "p1": (),
    "p2": (),
    "p3": (),
    "p4": (),
    "p5": (),
    "p6": (),
    "p6b": (),
    "p6c": (),
    "nce": (),
    "nce horizon 2": ("--horizon", "2"),
}
"""Name of a row -> flags of its recipe, which is the name's first word."""

SMALL = ("ridge", "nce")
"""Recipes that are small by themselves; the others have 4 layers of width 512, as the seed's."""

GATES = ("--mini-samples", "600")
"""What the gates see after each epoch: enough to choose one, and a third of their time."""

SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""How much of a mixture is the last chunk; the rest is what ridge predicts."""


@dataclass(frozen=True)
class World:
    """A data set.

    Attributes:
        name: of its table.
        source: what commands and Python load.
        splits: articles of each, where the source names none.
        other: constants that a recipe needs here, by its name.
        horizon: of every recipe, where the data set has one of its own.
        late: whether its runs come after those of all others, since they take longest.
    """

    name: str
    source: str
    splits: Mapping[str, Any] = field(default_factory=dict)
    other: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    horizon: int | None = None
    late: bool = False

    @property
    def flags(self) -> tuple[str, ...]:
        """What names the data to a command."""
        kind = "--config" if self.source.endswith(".toml") else "--bank"
        return (
            kind,
            self.source,
            *(part for name, rows in self.splits.items() for part in (f"--{name}", rows)),
        )

    @property
    def folder(self) -> str:
        """Of its runs."""
        return self.name.replace(":", "_")


@dataclass(frozen=True)
class Run:
    """One recipe on one data set with one seed.

    Attributes:
        world: the data.
        row: of its table.
        flags: of the training, its seed among them.
        folder: where it lies.
    """

    world: World
    row: str
    flags: tuple[str, ...]
    folder: Path

    @property
    def recipe(self) -> str:
        """The command's word."""
        return self.row.split()[0]

    @property
    def model(self) -> Path:
        """The weights that were kept."""
        return self.folder / "best_model.pt"

    @property
    def report(self) -> Path:
        """Of the evaluation that ends the training; it is judged under every policy."""
        return self.folder / "5cat_results.json"


def find_worlds(out: Path, books: Path | None) -> Iterator[World]:
    """The data sets; the trap world is made where it is missing."""
    trap = out / "worlds" / "trap"
    _make(trap / "gatekeeper.toml", "data", "synth", "trap", "--articles", "300", "--out", str(trap))
    # The last chunk has cosine .2 to its target there, .6 at most: p5's default stages would find no window.
    stages = ("--easy", "0.3", "0.08", "--middle", "0.25", "0.05")
    yield World("trap", str(trap / "gatekeeper.toml"), other={"p5": stages}, horizon=2)
    yield World("speeches", "bundled:speeches")
    yield World("bundled:books", "bundled:books")
    if books is not None:
        yield World("books", str(books), {"train": "0-399", "val": "400-552", "ood": "553-741"}, late=True)


def plan(worlds: Iterable[World], out: Path, *, quick: bool) -> list[Run]:
    """Every recipe of every data set; the first seed of all before the second of any."""
    every = [
        (world, row)
        for world in worlds
        for row, flags in RECIPES.items()
        if world.horizon is None or "--horizon" not in flags
    ]
    return [
        Run(
            world,
            row,
            (
                *RECIPES[row],
                *world.other.get(row, ()),
                *_sizes(row.split()[0], quick=quick),
                "--seed",
                str(seed),
            ),
            out / world.folder / row.replace(" ", "_") / f"seed_{seed}",
        )
        for late in (False, True)
        for seed in range(1 if quick else 3)
        for world, row in every
        if world.late == late
    ]


def _sizes(recipe: str, *, quick: bool) -> tuple[str, ...]:
    if recipe == "ridge":
        return ()
    common = ("--epochs", "4", *GATES) if quick else GATES
    if recipe in SMALL:
        return common
    return (*common, "--layers", "1" if quick else "2", "--width", "64" if quick else "128")


def call(log: Path, *arguments: str) -> int:
    """Run a command in a process of its own, what it says added to a log, and return its exit code."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as said:
        done = subprocess.run(
            [sys.executable, "-m", "gatekeeper", *arguments], stdout=said, stderr=said, check=False
        )
    return done.returncode


def do(run: Run) -> None:
    """Train and evaluate, or what of it is left to do.

    Raises:
        SystemExit: the command left no report. One that is blocked or cannot be decided is an answer too.
    """
    begun = ("--resume", str(run.folder))
    fresh = (*run.world.flags, *run.flags, "--policy", POLICIES[0], "--out", str(run.folder))
    _make(run.report, "train", run.recipe, *(begun if run.folder.exists() else fresh))


def _make(file: Path, *command: str) -> None:
    log = file.parent.with_suffix(".log")
    code = 0 if file.exists() else call(log, *command)
    if not file.exists():
        raise SystemExit(f"gatekeeper {' '.join(command)} exits with {code}; see {log}")


def collect(runs: Iterable[Run]) -> Results:
    """The figures of all runs, data set by data set, with its controls and mixtures at ridge's horizon."""
    found: Results = {}
    for run in runs:
        world = found.setdefault(run.world.name, {"rows": {}, "controls": {}, "mixtures": []})
        report = read_report(run.report)
        passed = {policy: gatekeeper.check(run.report, policy=policy).deployable for policy in POLICIES}
        world["rows"].setdefault(run.row, []).append(_figures(report) | {"deployable": passed})
        if run.row == "ridge" and not world["controls"]:
            evidence = report.evidence
            world["controls"] = {name: _values(metrics) for name, metrics in evidence.controls.items()}
            world["horizon"] = report.settings.horizon
            world["mixtures"] = _mixtures(run, report.settings.horizon)
    return found


def _figures(report: Report) -> dict[str, Any]:
    splits: dict[str, Any] = dict(_values(report.evidence.model))
    for split in EVALUATED:
        best = best_control(report.evidence, split)
        gain = None if best is None else report.evidence.gains[best[0]][split][BITS_KNOWN]
        splits[split]["gain"] = None if gain is None else gain.value
    return {"horizon": report.settings.horizon, "splits": splits}


def _values(metrics: Metrics) -> dict[str, dict[str, float | None]]:
    return {
        split: {short: metrics[split][name].value for short, name in FIGURES.items()} for split in EVALUATED
    }


def _mixtures(run: Run, horizon: int) -> list[dict[str, dict[str, float | None]]]:
    """The figures of ridge's prediction and the last chunk in several shares, both of length 1."""
    kept = run.folder.parent / "mixtures.json"
    if kept.exists():
        found: list[dict[str, dict[str, float | None]]] = json.loads(kept.read_text(encoding="utf-8"))
        return found
    data = gatekeeper.load_data(run.world.source, horizon=horizon, **run.world.splits)
    ridge = restore(read_checkpoint(run.model.read_bytes(), run.model.name), run.model.name).module.eval()

    def mixture(share: float) -> Callable[[torch.Tensor], torch.Tensor]:
        normed = torch.nn.functional.normalize
        return lambda contexts: (
            (1 - share) * normed(ridge(contexts), dim=-1) + share * normed(contexts[:, -1], dim=-1)
        )

    found = []
    for share in SHARES:
        report = gatekeeper.evaluate(mixture(share), data, policy=POLICIES[0]).report
        found.append(_values(report.evidence.model))
    write_text(kept, json.dumps(found, indent=1) + "\n")
    return found


class Clock:
    """How long each run took, over all calls; written down as soon as one is done, whatever comes next."""

    def __init__(self, file: Path) -> None:
        self._file, self._writing = file, Lock()
        self.seconds: dict[str, float] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def timed(self, run: Run, name: str) -> tuple[str, float]:
        """Do it; its name and how long it took."""
        started = time.monotonic()
        do(run)
        lasted = time.monotonic() - started
        with self._writing:
            self.seconds[name] = self.seconds.get(name, 0.0) + lasted
            write_text(self._file, json.dumps(self.seconds, indent=1) + "\n")
        return name, lasted


def main() -> None:
    """Do what is left to do, and say how long each run and all of them took."""
    cores = os.cpu_count() or 1
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one seed, 4 epochs, 1 layer of width 64")
    parser.add_argument("--books", type=Path, metavar="BANK", help="bank of all books")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="[build/results, build/results-quick]")
    parser.add_argument("--jobs", type=int, default=min(cores, 4), metavar="N", help="[the cores, at most 4]")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(max(1, cores // given.jobs))
    out: Path = given.out or Path("build", "results-quick" if given.quick else "results")
    runs = plan(list(find_worlds(out, given.books)), out, quick=given.quick)
    clock = Clock(out / "seconds.json")
    with ThreadPoolExecutor(given.jobs) as pool:
        begun = [pool.submit(clock.timed, run, run.folder.relative_to(out).as_posix()) for run in runs]
        try:
            for number, done in enumerate(as_completed(begun), 1):
                name, lasted = done.result()
                print(f"{number} of {len(runs)}: {name}, {lasted:.0f} s", file=sys.stderr, flush=True)
        finally:
            pool.shutdown(cancel_futures=True)
            found = [run for run in runs if run.report.exists()]
            write_text(out / "results.json", json.dumps(collect(found), indent=1) + "\n")
            minutes = sum(clock.seconds.values()) / 60
            print(f"{out / 'results.json'}: {len(found)} of {len(runs)} runs, {minutes:.0f} minutes of work")


if __name__ == "__main__":
    main()
