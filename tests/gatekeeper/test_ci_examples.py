"""The GitHub action and the CI examples: their shape, their command lines, and what their scripts do."""

import hashlib
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import xml.etree.ElementTree as ET
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from gatekeeper.cli import cli
from gatekeeper.data.synth import FORWARD
from gatekeeper.data.synth_folder import write_world
from gatekeeper.deployment.keys import generate
from schemas.report import Evidence
from schemas.report_io import write_report
from tests.gatekeeper.render.rulings import CHAMPION_RULES, CHECKS, HEAD, MARGIN, make_evidence, make_report

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action.yml"
GITHUB = ROOT / "docs" / "ci" / "github.yml"
GITLAB = ROOT / "docs" / "ci" / "gitlab-ci.yml"

STRICT = "set -euo pipefail\n"
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


# Shape.


@pytest.mark.parametrize("where", SCRIPTS)
def test_every_script_stops_at_the_first_error(where: str) -> None:
    assert SCRIPTS[where].startswith(STRICT)


@pytest.mark.parametrize("where", SCRIPTS)
def test_no_script_is_pasted_together(where: str) -> None:
    assert "${{" not in SCRIPTS[where]


@pytest.mark.parametrize("where", SCRIPTS)
def test_every_script_is_bash(where: str) -> None:
    done = subprocess.run(["bash", "-n"], input=SCRIPTS[where], text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("where", SCRIPTS)
def test_every_variable_of_a_script_is_quoted(where: str) -> None:
    # Outside of quotes a value is split into words and its wildcards are file names.
    bare = re.sub(r'"[^"\n]*"', "", re.sub(r"(?m)^\s*#.*$", "", SCRIPTS[where]))
    assert [found for found in re.findall(r"\$[A-Za-z_{(]\S*", bare) if not found.startswith("$(")] == []


def test_the_action_is_a_composite_action_whose_scripts_name_their_shell() -> None:
    runs = action()["runs"]
    assert runs["using"] == "composite"
    for step in runs["steps"]:
        assert ("uses" in step) != ("run" in step)
        assert step.get("shell") == ("bash" if "run" in step else None)


def test_the_inputs_and_outputs_of_the_action() -> None:
    described = action()
    assert {name: given.get("default") for name, given in described["inputs"].items()} == {
        "report": None,
        "model": None,
        "policy": "seed-5cat",
        "champion": "none",
        "first": "false",
        "max-age": "none",
        "trusted-key": "none",
        "python-version": "3.11",
        "junit": "none",
        "install": "",
    }
    for name, given in described["inputs"].items():
        assert given["description"]
        assert given.get("required", False) == (name in ("report", "model"))
        # GitHub has text only; YAML must not make it something else on the way.
        assert isinstance(given.get("default", ""), str)
    assert set(described["outputs"]) == {"verdict", "deployable"}


def test_every_input_is_used_and_none_that_is_not_there() -> None:
    used = {name for each in expressions(action()["runs"]) for name in re.findall(r"inputs\.([\w-]+)", each)}
    assert used == set(action()["inputs"])


def test_every_output_comes_from_a_step_that_exists() -> None:
    described = action()
    ids = {step["id"] for step in described["runs"]["steps"] if "id" in step}
    for name, output in described["outputs"].items():
        assert output["description"]
        (found,) = expressions(output["value"])
        matched = re.fullmatch(r"steps\.(\w+)\.outputs\.(\w+)", found)
        assert matched is not None
        assert matched[1] in ids
        assert matched[2] == name


@pytest.mark.parametrize("step", ["Install gatekeeper", "check"])
def test_every_variable_of_a_step_is_used_in_its_script(step: str) -> None:
    found = action_step(step)
    for name in found["env"]:
        assert f'${name}"' in found["run"] or f'${name}" ' in found["run"], name


def test_the_workflow_uses_only_inputs_outputs_and_variables_that_exist() -> None:
    workflow = load(GITHUB)
    described = action()
    gates = [
        step
        for job in github_jobs().values()
        for step in job["steps"]
        if step.get("uses", "").startswith("OWNER/gatekeeper@")
    ]
    assert len(gates) == 1
    required = {name for name, given in described["inputs"].items() if given.get("required")}
    assert required <= set(gates[0]["with"]) <= set(described["inputs"])
    for each in expressions(workflow):
        for name in re.findall(r"\benv\.(\w+)", each):
            assert name in workflow["env"]
        for job, output in re.findall(r"needs\.(\w+)\.outputs\.(\w+)", each):
            assert output in github_jobs()[job]["outputs"]
    (found,) = expressions(github_jobs()["check"]["outputs"])
    assert found == f"steps.{gates[0]['id']}.outputs.deployable"


def test_actions_of_others_are_named_with_their_version() -> None:
    steps = [step for job in github_jobs().values() for step in job["steps"]] + action()["runs"]["steps"]
    used = {step["uses"] for step in steps if "uses" in step}
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v[0-9.]+", each) for each in used), used


def test_the_workflow_runs_for_no_pull_request_and_with_no_more_rights_than_reading() -> None:
    workflow = load(GITHUB)
    assert set(workflow["on"]) == {"push", "workflow_dispatch"}
    assert workflow["permissions"] == {"contents": "read"}
    for job in github_jobs().values():
        assert "permissions" not in job
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_the_key_is_seen_by_the_step_that_signs_and_by_nothing_else() -> None:
    workflow = load(GITHUB)
    assert "secrets" not in yaml.safe_dump({key: item for key, item in workflow.items() if key != "jobs"})
    seen = [
        (name, step["name"])
        for name, job in github_jobs().items()
        for step in job["steps"]
        if "secrets." in yaml.safe_dump(step)
    ]
    assert seen == [("evaluate", "Sign")]
    assert GITHUB.read_text().count("secrets.") == 1
    assert github_jobs()["evaluate"]["environment"] == "signing"
    assert [name for name, job in github_jobs().items() if job.get("environment") == "signing"] == [
        "evaluate"
    ]


def test_in_gitlab_the_key_is_seen_by_the_job_that_signs_and_by_nothing_else() -> None:
    jobs = gitlab_jobs()
    with_key = [name for name, job in jobs.items() if "SIGNING_KEY" in yaml.safe_dump(job)]
    assert with_key == ["sign"]
    scoped = [name for name, job in jobs.items() if "signing" in yaml.safe_dump(job.get("environment", ""))]
    assert scoped == ["sign"]
    assert "SIGNING" not in yaml.safe_dump(load(GITLAB)["variables"])


def test_the_gitlab_jobs_are_in_the_order_of_their_stages() -> None:
    pipeline = load(GITLAB)
    assert [job["stage"] for job in gitlab_jobs().values()] == pipeline["stages"]
    assert pipeline["workflow"]["rules"] == [{"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"}]
    check = gitlab_jobs()["check"]
    assert check["artifacts"]["when"] == "always"
    assert check["artifacts"]["reports"]["junit"] in check["script"][0]
    assert "|| true" not in check["script"][-1]


def test_nothing_is_deployed_that_was_not_checked() -> None:
    jobs = github_jobs()
    needs = {name: job.get("needs") for name, job in jobs.items()}
    assert needs == {"train": None, "evaluate": "train", "check": "evaluate", "deploy": "check"}
    assert jobs["deploy"]["if"] == "${{ needs.check.outputs.deployable == 'true' }}"
    for name in ("train", "evaluate", "check"):
        assert "if" not in jobs[name]
    for path in (GITHUB, GITLAB):
        (line,) = (line for line in command_lines(path) if line[1] == "deploy")
        for flag in ("--report", "--policy", "--trusted-key", "--max-age"):
            assert flag in line


# Command lines.

VALUES = {"MAX_AGE": "30d", "POLICY": "seed-5cat"}
OPTIONS = ["--model=$MODEL", "--policy=$POLICY", "--champion=$CHAMPION", "--max-age=$MAX_AGE"]
OPTIONS += ["--trusted-key=$TRUSTED_KEY", "--first"]


def command_lines(path: Path) -> list[list[str]]:
    """The words of every gatekeeper command, variables as values that their flags take."""
    found = []
    for where, script in SCRIPTS.items():
        if where.split(",")[0] != path.name:
            continue
        for line in script.replace("\\\n", " ").split("\n"):
            if not line.strip().startswith("gatekeeper "):
                continue
            words = shlex.split(line, comments=True)
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


@pytest.mark.parametrize(
    ("path", "commands"),
    [
        (ACTION, ["check", "check"]),
        (GITHUB, ["train", "eval", "sign", "deploy"]),
        (GITLAB, ["train", "eval", "sign", "check", "check", "deploy"]),
    ],
)
def test_every_command_line_is_one_the_program_takes(path: Path, commands: list[str]) -> None:
    lines = command_lines(path)
    assert [words[1] for words in lines] == commands
    for words in lines:
        parse(words[1:])


def parse(words: list[str]) -> None:
    """Parse as the program would, without running anything."""
    command: click.Command = cli
    context = click.Context(cli, info_name="gatekeeper")
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        if found is None:
            raise click.UsageError(f"no command {words[0]}")
        command, words = found, words[1:]
    command.make_context(command.name, words, parent=context)


def test_control_a_command_line_that_the_program_does_not_take_is_noticed() -> None:
    for words in (
        ["check"],
        ["check", "x", "--modle", "y"],
        ["check", "x", "--max-age", "soon"],
        ["chek", "x"],
    ):
        with pytest.raises(click.UsageError):
            parse(words)


# What the action does.


@dataclass
class Runner:
    """A workspace in which the scripts of the action run as GitHub's runner runs them."""

    folder: Path
    temporary: Path
    given: dict[str, str] = field(default_factory=dict)

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
        """The two kinds of expression that the action uses."""
        (expression,) = expressions(value)
        assert value == f"${{{{ {expression} }}}}"
        found = re.fullmatch(r"inputs\.([\w-]+)( \|\| github\.action_path)?", expression)
        assert found is not None, expression
        return values[found[1]] or (str(ROOT) if found[2] else "")

    def run(self, name: str, *, first_on_path: Path | None = None) -> subprocess.CompletedProcess[str]:
        step = action_step(name)
        path = [str(first_on_path or Path(sys.executable).parent), os.environ["PATH"]]
        script = self.temporary / "script.sh"
        script.write_text(step["run"])
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.folder,
            env={
                "PATH": os.pathsep.join(path),
                "HOME": str(self.temporary),
                "GITHUB_OUTPUT": str(self.output),
                "GITHUB_STEP_SUMMARY": str(self.summary),
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


MODEL = b"the bytes of a model"


def write_submission(folder: Path, evidence: Evidence | None = None, *, name: str = "best") -> None:
    """A model and an honest report of it, made long ago."""
    (folder / f"{name}.pt").write_bytes(MODEL)
    report = make_report(evidence, spec="best.pt")
    model = replace(report.inputs.model, sha256=hashlib.sha256(MODEL).hexdigest())
    report = replace(report, created="2025-01-31T12:00:00Z", inputs=replace(report.inputs, model=model))
    write_report(report, folder / f"{name}.report.json")


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    folder, temporary = tmp_path / "work", tmp_path / "runner"
    folder.mkdir()
    temporary.mkdir()
    write_submission(folder)
    return Runner(folder, temporary, {"report": "best.report.json", "model": "best.pt"})


def failures(path: Path) -> int:
    root = ET.fromstring(path.read_bytes())
    assert root.tag == "testsuites"
    return int(root.get("failures", "")) + int(root.get("errors", ""))


def test_a_deployable_model_is_let_through(runner: Runner) -> None:
    done = runner.check(junit="junit.xml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("::notice title=gatekeeper%3A DEPLOYABLE::")
    assert "\nDEPLOYABLE: 5 of 5 gates passed, 3 needed\n" in done.stdout
    assert runner.outputs() == {"verdict": "deployable", "deployable": "true"}
    assert runner.summary.read_text().startswith("## ✅ DEPLOYABLE: best.pt\n")
    assert failures(runner.folder / "junit.xml") == 0


def test_a_blocked_model_is_stopped_and_its_junit_file_written(runner: Runner) -> None:
    write_submission(runner.folder, make_evidence({(MARGIN, "val"): 0.03}))
    done = runner.check(junit="junit.xml")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("::error title=gatekeeper%3A BLOCKED::offset_sweep.margin on val is 0.030 ")
    assert runner.outputs() == {"verdict": "blocked", "deployable": "false"}
    assert runner.summary.read_text().startswith("## ⛔ BLOCKED: best.pt\n")
    assert failures(runner.folder / "junit.xml") == 2


def test_a_missing_report_is_an_error_and_its_junit_file_written(runner: Runner) -> None:
    done = runner.check(report="gone.json", junit="junit.xml")
    assert done.returncode == 3
    assert done.stdout.startswith("::error title=gatekeeper%3A ERROR::cannot read report gone.json")
    assert runner.outputs() == {"verdict": "error", "deployable": "false"}
    assert runner.summary.read_text().startswith("## ⚠️ ERROR\n\ncannot read report ")
    assert failures(runner.folder / "junit.xml") == 1


def test_without_a_junit_path_none_is_written(runner: Runner) -> None:
    before = runner.listing()
    assert runner.check().returncode == 0
    assert runner.listing() == before


def test_a_junit_file_that_cannot_be_written_stops_the_model(runner: Runner) -> None:
    done = runner.check(junit="missing/junit.xml")
    assert done.returncode == 3
    assert "cannot write missing/junit.xml: the folder missing does not exist" in done.stderr
    assert runner.outputs() == {"verdict": "error", "deployable": "false"}


def test_outputs_that_cannot_be_written_stop_the_model(runner: Runner) -> None:
    runner.output.mkdir()
    done = runner.check()
    assert done.returncode != 0
    assert "DEPLOYABLE" not in done.stdout


@pytest.mark.parametrize(
    ("given", "code", "verdict"),
    [
        ({"model": "gone.pt"}, 3, "error"),
        ({"model": ""}, 2, "error"),
        ({"report": ""}, 2, "error"),
        ({"policy": "unknown"}, 2, "error"),
        ({"policy": ""}, 2, "error"),
        ({"policy": "strict-5cat"}, 0, "deployable"),
        ({"max_age": "1d"}, 3, "error"),
        ({"max_age": "99999d"}, 0, "deployable"),
        ({"max_age": "soon"}, 2, "error"),
        ({"max_age": ""}, 2, "error"),
        ({"trusted_key": ""}, 2, "error"),
        ({"trusted_key": "gone.pub"}, 2, "error"),
        ({"first": "yes"}, 2, "error"),
        ({"first": ""}, 2, "error"),
        ({"first": "true"}, 2, "error"),
        ({"champion": "best.report.json"}, 2, "error"),
        ({"champion": ""}, 2, "error"),
    ],
)
def test_every_input_counts_and_an_empty_one_lets_nothing_through(
    given: dict[str, str], code: int, verdict: str, runner: Runner
) -> None:
    done = runner.check(**given)
    assert (done.returncode, runner.outputs()["verdict"]) == (code, verdict), done.stdout + done.stderr
    assert runner.outputs()["deployable"] == ("true" if code == 0 else "false")


def test_a_trusted_key_must_have_signed(runner: Runner) -> None:
    for name in ("ci", "foreign"):
        generate(runner.folder, name)
    assert runner.check(trusted_key="ci.pub").returncode == 3
    signed = gatekeeper(runner.folder, "sign", "best.report.json", "--key", "ci.key")
    assert signed.returncode == 0, signed.stderr
    assert runner.check().returncode == 0
    assert runner.check(trusted_key="foreign.pub").returncode == 3


def test_champion_rules_need_a_champion_or_the_word_that_there_is_none(runner: Runner) -> None:
    text = HEAD + CHECKS + CHAMPION_RULES
    (runner.folder / "own.toml").write_text(text)
    assert runner.check(policy="own.toml").returncode == 1
    assert runner.check(first="true").returncode == 0
    assert runner.check(champion="best.report.json").returncode == 2
    assert runner.check(first="false").returncode == 0
    write_submission(runner.folder, make_evidence({(MARGIN, "ood"): 0.4}), name="better")
    done = runner.check(champion="better.report.json")
    assert done.returncode == 1
    line = text[: text.index("[[champion]]")].count("\n") + 1
    assert f"::error file=own.toml,line={line},title={MARGIN} on ood::the gain of " in done.stdout


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


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_a_name(text: str, runner: Runner) -> None:
    """Files of that name are found, so nothing was lost, added or executed on the way."""
    name = text.replace("/", "_")
    for suffix in (".pt", ".report.json"):
        (runner.folder / f"best{suffix}").rename(runner.folder / f"{name}{suffix}")
    before = runner.listing()
    done = runner.check(report=f"{name}.report.json", model=f"{name}.pt", junit=f"{name}.xml")
    assert (done.returncode, done.stderr) == (0, "")
    assert runner.outputs() == {"verdict": "deployable", "deployable": "true"}
    assert runner.listing() == before | {f"{name}.xml"}


@pytest.mark.parametrize("text", HOSTILE[:6])
@pytest.mark.parametrize("name", ["policy", "champion", "first", "max-age", "trusted-key"])
def test_a_hostile_input_executes_nothing_and_lets_nothing_through(
    name: str, text: str, runner: Runner
) -> None:
    before = runner.listing()
    done = runner.check(**{name: text})
    assert done.returncode in (2, 3)
    assert runner.outputs() == {"verdict": "error", "deployable": "false"}
    assert runner.listing() == before
    assert "DEPLOYABLE" not in done.stdout


def fake_python(folder: Path) -> Path:
    """A folder with a ``python`` that writes down its arguments."""
    folder.mkdir()
    python = folder / "python"
    python.write_text(f"#!/bin/sh\nprintf '%s\\0' \"$@\" > {shlex.quote(str(folder / 'arguments'))}\n")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return folder


@pytest.mark.parametrize(
    "text", ["", "gatekeeper==0.1.0", "gatekeeper @ git+https://example.org/x@v1", *HOSTILE]
)
def test_what_is_installed_is_one_argument_of_pip_and_by_default_the_action_itself(
    text: str, runner: Runner
) -> None:
    before = runner.listing()
    runner.given["install"] = text
    folder = fake_python(runner.temporary / "bin")
    done = runner.run("Install gatekeeper", first_on_path=folder)
    assert (done.returncode, done.stderr) == (0, "")
    arguments = (folder / "arguments").read_bytes().decode().split("\0")[:-1]
    assert arguments[:4] == ["-I", "-m", "pip", "install"]
    assert arguments[-2:] == ["--", text or str(ROOT)]
    assert all(each.startswith("--") for each in arguments[4:-1])
    assert runner.listing() == before


def test_a_failed_installation_fails_the_step(runner: Runner) -> None:
    folder = fake_python(runner.temporary / "bin")
    (folder / "python").write_text("#!/bin/sh\nexit 1\n")
    assert runner.run("Install gatekeeper", first_on_path=folder).returncode == 1


# What the examples do, from a model to production. Only the training and pip are left out.


def gatekeeper(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gatekeeper", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


WORLD = replace(FORWARD, articles=60, chunks=20, dimension=16)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout after the training job: data, a good model, a pair of keys."""
    folder = tmp_path_factory.mktemp("trained") / "checkout"
    write_world(folder, "forward", WORLD)
    (folder / "run").mkdir()
    (folder / "best.pt").rename(folder / "run" / "best_model.pt")
    (folder / "keys").mkdir()
    generate(folder / "keys", "ci")
    return folder


@pytest.fixture
def checkout(trained: Path, tmp_path: Path) -> Path:
    """A copy of it for one pipeline."""
    return Path(shutil.copytree(trained, tmp_path / "checkout"))


def bash(script: str, folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A job's script without its installation."""
    lines = [line for line in script.split("\n") if "python -m pip install" not in line]
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", "\n".join(lines)],
        cwd=folder,
        env={
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(folder.parent),
            "OMP_NUM_THREADS": "1",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def variables(path: Path) -> dict[str, str]:
    """The variables an example sets for all its jobs."""
    given = load(path)["env" if path == GITHUB else "variables"]
    return {name: str(value) for name, value in given.items()}


def key(folder: Path) -> str:
    return (folder / "keys" / "ci.key").read_text()


def test_the_gitlab_pipeline_brings_a_model_into_production_and_stops_another(checkout: Path) -> None:
    given = variables(GITLAB) | {"PRODUCTION_FOLDER": "production to be"}
    encoded = b64encode(key(checkout).encode()).decode()
    for job, more in (
        ("evaluate", {}),
        ("sign", {"SIGNING_KEY_BASE64": encoded}),
        ("check", {}),
        ("deploy", {}),
    ):
        done = bash(SCRIPTS[f"gitlab-ci.yml, {job}"], checkout, given | more)
        assert done.returncode == 0, done.stdout + done.stderr
        assert key(checkout).split("\n")[1] not in done.stdout + done.stderr
    paths = [path for each in ("evaluate", "sign") for path in gitlab_jobs()[each]["artifacts"]["paths"]]
    assert all(list(checkout.glob(path)) for path in paths)
    junit = checkout / gitlab_jobs()["check"]["artifacts"]["reports"]["junit"]
    assert failures(junit) == 0
    served = checkout / "production to be" / "current" / "model.pt"
    assert served.read_bytes() == (checkout / "run" / "best_model.pt").read_bytes()
    junit.unlink()
    (checkout / "run" / "best_model.report.dsse.json").unlink()
    for job in ("check", "deploy"):
        done = bash(SCRIPTS[f"gitlab-ci.yml, {job}"], checkout, given)
        assert done.returncode == 3
        assert "is not signed" in done.stderr
    assert failures(junit) == 1
    assert bash(SCRIPTS["gitlab-ci.yml, sign"], checkout, given).returncode != 0  # without the variable


def test_the_github_workflow_brings_a_model_into_production_and_stops_another(checkout: Path) -> None:
    given = variables(GITHUB)
    for job, step, more in (
        ("evaluate", "Evaluate", {}),
        ("evaluate", "Sign", {"SIGNING_KEY": key(checkout)}),
        ("deploy", "Deploy", {"PRODUCTION": "production"}),
    ):
        found = next(each for each in github_jobs()[job]["steps"] if each.get("name") == step)
        assert set(found.get("env", {})) == set(more)
        done = bash(SCRIPTS[f"github.yml, {job}, {step}"], checkout, given | more)
        assert done.returncode == 0, done.stdout + done.stderr
        assert key(checkout).split("\n")[1] not in done.stdout + done.stderr
    served = checkout / "production" / "current" / "model.pt"
    assert served.read_bytes() == (checkout / "run" / "best_model.pt").read_bytes()
    gate = next(step for step in github_jobs()["check"]["steps"] if step.get("id") == "gate")
    inputs = {
        name: re.sub(r"\$\{\{ env\.(\w+) \}\}", lambda name: given[name[1]], str(value))
        for name, value in gate["with"].items()
    }
    temporary = checkout.parent / "runner"
    temporary.mkdir()
    runner = Runner(checkout, temporary, inputs)
    assert runner.run("check").returncode == 0
    assert runner.outputs() == {"verdict": "deployable", "deployable": "true"}
    assert failures(checkout / inputs["junit"]) == 0
    report = checkout / given["REPORT"]
    report.write_text(report.read_text() + "\n")
    assert runner.run("check").returncode == 3
    assert runner.outputs() == {"verdict": "error", "deployable": "false"}


@pytest.mark.parametrize(("code", "goes_on"), [(0, True), (1, True), (2, False), (3, False), (4, False)])
@pytest.mark.parametrize(
    "where",
    [
        "github.yml, train, Train",
        "github.yml, evaluate, Evaluate",
        "gitlab-ci.yml, train",
        "gitlab-ci.yml, evaluate",
    ],
)
def test_a_blocked_model_goes_on_to_be_checked_and_an_error_does_not(
    where: str, code: int, goes_on: bool, tmp_path: Path
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "gatekeeper"
    program.write_text(f"#!/bin/sh\nexit {code}\n")
    program.chmod(0o755)
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    done = bash(SCRIPTS[where], tmp_path, {"PATH": path, "MODEL": "m", "REPORT": "r"})
    assert (done.returncode == 0) == goes_on


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_variables_of_the_examples_execute_nothing(text: str, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "gatekeeper"
    program.write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\n")
    program.chmod(0o755)
    (tmp_path / "work").mkdir()
    names = ("MODEL", "REPORT", "GATEKEEPER", "PRODUCTION", "PRODUCTION_FOLDER", "SIGNING_KEY")
    given = dict.fromkeys(names, text) | {
        "SIGNING_KEY_BASE64": b64encode(text.encode()).decode(),
        "PATH": os.pathsep.join([str(folder), os.environ["PATH"]]),
    }
    for where, script in SCRIPTS.items():
        if where.startswith("action.yml"):
            continue
        done = bash(script, tmp_path / "work", given)
        assert (done.returncode, done.stderr) == (0, ""), where
        assert ("train" in where) or text in done.stdout.split("\0"), where
    assert list((tmp_path / "work").iterdir()) == []
