"""The action and the CI examples have the shape that their runners read."""

import re
import subprocess

import pytest
import yaml

from tests.gatekeeper.behaviour.ci.files import (
    GITHUB,
    GITLAB,
    SCRIPTS,
    action,
    action_step,
    command_lines,
    expressions,
    github_jobs,
    gitlab_jobs,
    load,
)

ISOLATED = re.compile(r"""^(python|"\$PYTHON"|"\$home/bin/python") -I -m (pip|venv|gatekeeper) """)
STRICT = "set -euo pipefail\n"


# Shape.


@pytest.mark.parametrize("where", SCRIPTS)
def test_every_script_stops_at_the_first_error(where: str) -> None:
    assert SCRIPTS[where].startswith(STRICT)


@pytest.mark.parametrize("where", SCRIPTS)
def test_no_script_is_pasted_together(where: str) -> None:
    assert "${{" not in SCRIPTS[where]


@pytest.mark.parametrize("where", SCRIPTS)
def test_every_interpreter_is_isolated(where: str) -> None:
    # Without -I it imports from the working directory, which holds what is to be judged, and from PYTHONPATH.
    lines = [line.partition(" #")[0].strip() for line in SCRIPTS[where].split("\n")]
    words = [
        line for line in lines if re.search(r"\bpython\b|\$PYTHON|\bpip\b|\bgatekeeper (?!check$)", line)
    ]
    for line in words:
        if not line.startswith(("#", "printf")):
            assert ISOLATED.search(line), line


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


@pytest.mark.parametrize("step", ["install", "check"])
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
