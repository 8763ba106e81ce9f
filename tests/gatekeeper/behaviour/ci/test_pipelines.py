"""What the CI examples do, from a model to production."""

import os
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.data.synthetic.folder import write_world
from gatekeeper.data.synthetic.worlds import FORWARD
from gatekeeper.deployment.signing.keys import generate
from tests.gatekeeper.behaviour.ci.files import (
    GITHUB,
    GITLAB,
    HOSTILE,
    SCRIPTS,
    Runner,
    failures,
    github_jobs,
    gitlab_jobs,
    key,
    load,
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
    lines = [line for line in script.split("\n") if "python -I -m pip install" not in line]
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
    program = folder / "python"
    program.write_text(f"#!/bin/sh\nexit {code}\n")
    program.chmod(0o755)
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    done = bash(SCRIPTS[where], tmp_path, {"PATH": path, "MODEL": "m", "REPORT": "r"})
    assert (done.returncode == 0) == goes_on


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_variables_of_the_examples_execute_nothing(text: str, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "python"
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
