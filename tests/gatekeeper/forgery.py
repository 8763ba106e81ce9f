"""A submission that is let through, and what somebody would make of it who knows our own code."""

import contextlib
import importlib.resources
import json
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click.testing
import pytest

from gatekeeper.cli.app import cli
from gatekeeper.data.synthetic.folder import write_world
from gatekeeper.data.synthetic.predictor import write_predictor
from gatekeeper.data.synthetic.worlds import FORWARD
from gatekeeper.deployment.signing.keys import generate
from schemas.reading.consistency import derive
from schemas.reading.report import read_report, report_to_json
from schemas.reading.strict_json import dumps
from schemas.records.evidence import Evidence, Metrics
from schemas.records.report import Report

WORLD = replace(FORWARD, articles=60, chunks=20, dimension=16)
MODELS = {"best": 1.0, "weaker": 0.9}
"""Both are let through; the weaker one turns by nine tenths of the angle."""

SEED_POLICY = (
    (importlib.resources.files("schemas") / "policies" / "seed-5cat.toml")
    .read_text(encoding="utf-8")
    .replace('name = "seed-5cat"', 'name = "own"')
)

MARGIN = "offset_sweep.margin"


@dataclass(frozen=True)
class Files:
    """A folder with models, their evaluated reports and scores, and two key pairs."""

    folder: Path

    @property
    def model(self) -> Path:
        return self.folder / "best.pt"

    @property
    def report(self) -> Path:
        return self.folder / "best.report.json"

    @property
    def scores(self) -> Path:
        return self.folder / "best.report.scores.npz"

    @property
    def signature(self) -> Path:
        return self.folder / "best.report.dsse.json"

    @property
    def weaker(self) -> Path:
        return self.folder / "weaker.pt"

    @property
    def weaker_report(self) -> Path:
        return self.folder / "weaker.report.json"

    @property
    def key(self) -> Path:
        """Of whoever is trusted; ``.pub`` beside it."""
        return self.folder / "trusted.key"

    @property
    def public(self) -> Path:
        return self.folder / "trusted.pub"

    @property
    def foreign_key(self) -> Path:
        """Of whoever is not."""
        return self.folder / "foreign.key"

    @property
    def production(self) -> Path:
        """Where a deployment would go."""
        return self.folder / "production"

    def read(self) -> Report:
        return read_report(self.report)

    def policy(self, more: str = "", *, change: tuple[str, str] = ("", "")) -> Path:
        """The seed policy as a file of our own, changed and continued."""
        path = self.folder / "own.toml"
        assert change[0] in SEED_POLICY
        path.write_text(f"{SEED_POLICY.replace(*change, 1) if change[0] else SEED_POLICY}\n{more}")
        return path


def invoke(*arguments: str | Path) -> click.testing.Result:
    """The command line in this process; an exception that it lets through fails the test."""
    return click.testing.CliRunner().invoke(cli, [str(each) for each in arguments], catch_exceptions=False)


def make_files(folder: Path) -> Files:
    """Evaluate two small models for real."""
    write_world(folder, "forward", WORLD)
    for name, power in MODELS.items():
        write_predictor(folder / f"{name}.pt", WORLD, power=power)
    models = [folder / f"{name}.pt" for name in MODELS]
    result = invoke("eval", *models, "--config", folder / "gatekeeper.toml")
    assert result.exit_code == 0, result.output
    for name in ("trusted", "foreign"):
        generate(folder, name)
    return Files(folder)


def copy_files(files: Files, folder: Path) -> Files:
    """The same files elsewhere, for one test to damage."""
    shutil.copytree(files.folder, folder)
    return Files(folder)


def forge(report: Report, path: Path) -> Report:
    """Write a report with the judgement and the digest that our own code derives from its content.

    Reading it again shows that the forgery is consistent: whatever refuses it later is something else.
    """
    forged = write_derived(report, path)
    assert read_report(path) == forged
    return forged


def write_derived(report: Report, path: Path) -> Report:
    """:func:`forge` for a content that may contradict itself all the same."""
    derived = replace(report, judgement=derive(report))
    path.write_text(dumps(report_to_json(derived)))
    return derived


def edit(path: Path, *place: str | int, value: object) -> None:
    """Set one value in a JSON file, and nothing else."""
    document: Any = json.loads(path.read_text())
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    assert inner[place[-1]] != value
    inner[place[-1]] = value
    path.write_text(dumps(document))


def measured(report: Report, metric: str, split: str, **fields: object) -> Report:
    """The report with other figures of the model; ``value`` alone takes its interval along."""
    if set(fields) == {"value"} and isinstance(fields["value"], float):
        fields |= {"low": fields["value"] - 0.01, "high": fields["value"] + 0.01}
    rows = report.evidence.model
    found = replace(rows[split][metric], **fields)  # type: ignore[arg-type]
    model = {**rows, split: {**rows[split], metric: found}}
    return replace(report, evidence=replace(report.evidence, model=model))


def everywhere(evidence: Evidence, change: Callable[[Metrics], Metrics]) -> Evidence:
    """The same change to the model and to every control, so that they still agree."""
    return Evidence(
        model=change(evidence.model),
        controls={name: change(metrics) for name, metrics in evidence.controls.items()},
        answers=evidence.answers,
    )


def refusal(result: click.testing.Result) -> str:
    """What a refusal says, after the form of every refusal was checked.

    A verdict is on stdout and stderr is empty; everything else is one line on stderr.
    """
    assert result.exit_code in (1, 2, 3), result.output
    assert "Traceback" not in result.output
    verdict = next(
        (line for line in result.stdout.splitlines() if line.startswith(("BLOCKED: ", "ERROR: "))), ""
    )
    if verdict:
        assert result.exit_code == (1 if verdict.startswith("BLOCKED: ") else 3)
        assert result.stderr == ""
        return result.stdout
    assert result.exit_code != 1
    assert "DEPLOYABLE" not in result.stdout
    lines = result.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("Error: ")
    return lines[0]


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """End a block that waits for ever; far more time than it needs, so that speed never decides."""

    def stop(number: int, frame: object) -> None:
        pytest.fail(f"still waiting after {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
