"""The action and the CI examples, as files and as the scripts in them."""

import hashlib
import os
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from schemas.reading.report import write_report
from schemas.records.evidence import Evidence
from tests.gatekeeper.render.rulings import make_report
from tests.model_files import model_bytes

ROOT = Path(__file__).parents[4]


ACTION = ROOT / "action.yml"


GITHUB = ROOT / "docs" / "ci" / "github.yml"


GITLAB = ROOT / "docs" / "ci" / "gitlab-ci.yml"


GITLAB_KEYWORDS = {"stages", "workflow", "variables", "default"}


def load(path: Path) -> dict[str, Any]:
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(value, dict)
    # YAML 1.1 reads the key `on` as true.
    return {"on" if key is True else str(key): item for key, item in value.items()}


def action() -> dict[str, Any]:
    return load(ACTION)


def action_step(name: str) -> dict[str, Any]:
    (found,) = (step for step in action()["runs"]["steps"] if name in (step.get("id"), step.get("name")))
    assert isinstance(found, dict)
    return found


def github_jobs() -> dict[str, dict[str, Any]]:
    jobs: dict[str, dict[str, Any]] = load(GITHUB)["jobs"]
    return jobs


def gitlab_jobs() -> dict[str, dict[str, Any]]:
    return {name: job for name, job in load(GITLAB).items() if name not in GITLAB_KEYWORDS}


def scripts() -> Iterator[tuple[str, str]]:
    """Every script of the three files, with where it stands."""
    for step in action()["runs"]["steps"]:
        if "run" in step:
            yield f"action.yml, {step['name']}", step["run"]
    for name, job in github_jobs().items():
        for step in job["steps"]:
            if "run" in step:
                yield f"github.yml, {name}, {step['name']}", step["run"]
    before = load(GITLAB)["default"]["before_script"]
    for name, job in gitlab_jobs().items():
        assert "before_script" not in job
        yield f"gitlab-ci.yml, {name}", "\n".join([*before, *job["script"]]) + "\n"


SCRIPTS = dict(scripts())


def expressions(value: object) -> list[str]:
    """All ``${{ }}`` of a value."""
    return [found.strip() for found in re.findall(r"\$\{\{(.*?)\}\}", yaml.safe_dump(value, width=10_000))]


VALUES = {"MAX_AGE": "30d", "POLICY": "seed-5cat"}


OPTIONS = ["--model=$MODEL", "--policy=$POLICY", "--champion=$CHAMPION", "--max-age=$MAX_AGE"]


OPTIONS += ["--trusted-key=$TRUSTED_KEY", "--first"]


ISOLATED = re.compile(r"""^\s*(python|"\$PYTHON") -I -m gatekeeper """)


def command_lines(path: Path) -> list[list[str]]:
    """The words of every gatekeeper command, variables as values that their flags take."""
    found = []
    for where, script in SCRIPTS.items():
        if where.split(",")[0] != path.name:
            continue
        for line in script.replace("\\\n", " ").split("\n"):
            words = shlex.split(line, comments=True) if ISOLATED.search(line) else []
            if not words:
                continue
            words = words[3:]
            end = min(
                (words.index(stop) for stop in ("||", "&&", "|", ";") if stop in words), default=len(words)
            )
            spread = [
                each for word in words[:end] for each in (OPTIONS if word == "${options[@]}" else [word])
            ]
            found.append(
                [re.sub(r"\$(\w+)", lambda name: VALUES.get(name[1], "file"), word) for word in spread]
            )
    return found


@dataclass
class Runner:
    """A workspace in which the scripts of the action run as GitHub's runner runs them."""

    folder: Path
    temporary: Path
    given: dict[str, str] = field(default_factory=dict)
    python: Path = Path(sys.executable)

    @property
    def known(self) -> dict[str, str]:
        """What is no input: where the runner may write, and the interpreters of the steps before."""
        steps = ("steps.python.outputs.python-path", "steps.install.outputs.python")
        return {"runner.temp": str(self.temporary)} | dict.fromkeys(steps, str(self.python))

    @property
    def output(self) -> Path:
        return self.temporary / "output"

    @property
    def summary(self) -> Path:
        return self.temporary / "summary"

    def outputs(self) -> dict[str, str]:
        """As the runner reads them: of two lines with one name the later."""
        return dict(line.split("=", 1) for line in self.output.read_text().splitlines())

    def environment(self, step: Mapping[str, Any]) -> dict[str, str]:
        described = action()["inputs"]
        values = {name: given.get("default", "") for name, given in described.items()} | self.given
        assert set(values) == set(described)
        return {name: self.evaluated(str(value), values) for name, value in step["env"].items()}

    def evaluated(self, value: str, values: Mapping[str, str]) -> str:
        """The kinds of expression that the action uses."""
        (expression,) = expressions(value)
        assert value == f"${{{{ {expression} }}}}"
        if expression in self.known:
            return self.known[expression]
        found = re.fullmatch(r"inputs\.([\w-]+)( \|\| github\.action_path)?", expression)
        assert found is not None, expression
        return values[found[1]] or (str(ROOT) if found[2] else "")

    def run(self, name: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the script of a step, with more variables where a job sets some."""
        step = action_step(name)
        script = self.temporary / "script.sh"
        script.write_text(step["run"])
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.temporary),
                "GITHUB_OUTPUT": str(self.output),
                "GITHUB_STEP_SUMMARY": str(self.summary),
                **more,
                **self.environment(step),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def check(self, **given: str) -> subprocess.CompletedProcess[str]:
        self.given |= {name.replace("_", "-"): value for name, value in given.items()}
        return self.run("check")

    def listing(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}


MODEL = model_bytes(b"the bytes of a model")


def write_submission(folder: Path, evidence: Evidence | None = None, *, name: str = "best") -> None:
    """A model and an honest report of it, made long ago."""
    (folder / f"{name}.pt").write_bytes(MODEL)
    report = make_report(evidence, spec="best.pt")
    model = replace(report.inputs.model, sha256=hashlib.sha256(MODEL).hexdigest())
    report = replace(report, created="2025-01-31T12:00:00Z", inputs=replace(report.inputs, model=model))
    write_report(report, folder / f"{name}.report.json")


def failures(path: Path) -> int:
    root = ET.fromstring(path.read_bytes())
    assert root.tag == "testsuites"
    return int(root.get("failures", "")) + int(root.get("errors", ""))


HOSTILE = [
    "$(touch x)",
    "`touch x`",
    '"; touch x; "',
    "'; touch x; '",
    "x\ntouch x\n",
    "; touch x #",
    "&& touch x",
    "--help",
    "-h",
    "* ?",
    "a  b\tc",
    "$HOME/${PATH}",
    "\\",
    "é€😀",
]


def key(folder: Path) -> str:
    return (folder / "keys" / "ci.key").read_text()
