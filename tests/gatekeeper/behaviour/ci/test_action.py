"""What the action does, run by bash in a made-up environment of a runner."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gatekeeper.deployment.signing.keys import generate
from tests.gatekeeper.behaviour.ci.files import HOSTILE, ROOT, Runner, failures, write_submission
from tests.gatekeeper.render.rulings import CHAMPION_RULES, CHECKS, HEAD, MARGIN, make_evidence
from tests.model_files import model_bytes


def test_a_deployable_model_is_let_through(runner: Runner) -> None:
    done = runner.check(junit="junit.xml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("::notice title=gatekeeper%3A DEPLOYABLE::")
    assert "\nDEPLOYABLE: 5 of 5 gates passed, 3 needed\n" in done.stdout
    assert runner.outputs() == {"verdict": "deployable", "deployable": "true"}
    assert runner.summary.read_text().startswith("## DEPLOYABLE: best.pt\n")
    assert failures(runner.folder / "junit.xml") == 0


def test_a_blocked_model_is_stopped_and_its_junit_file_written(runner: Runner) -> None:
    write_submission(runner.folder, make_evidence({(MARGIN, "val"): 0.03}))
    done = runner.check(junit="junit.xml")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("::error title=gatekeeper%3A BLOCKED::offset_sweep.margin on val is 0.030 ")
    assert runner.outputs() == {"verdict": "blocked", "deployable": "false"}
    assert runner.summary.read_text().startswith("## BLOCKED: best.pt\n")
    assert failures(runner.folder / "junit.xml") == 2


def test_a_missing_report_is_an_error_and_its_junit_file_written(runner: Runner) -> None:
    done = runner.check(report="gone.json", junit="junit.xml")
    assert done.returncode == 3
    assert done.stdout.startswith("::error title=gatekeeper%3A ERROR::cannot read report gone.json")
    assert runner.outputs() == {"verdict": "error", "deployable": "false"}
    assert runner.summary.read_text().startswith("## ERROR\n\ncannot read report ")
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


FAKE = """#!/bin/sh
if [ "$1 $2 $3" = "-I -m venv" ]; then
    mkdir -p "$4/bin" && cp "$0" "$4/bin/python"
else
    printf '%s\\0' "$0" "$@" > "{folder}/arguments"
    exit {code}
fi
"""


def fake_python(folder: Path, code: int = 0) -> Path:
    """It makes an environment with a copy of itself, and writes down what else it is told."""
    folder.mkdir()
    python = folder / "python"
    python.write_text(FAKE.format(folder=folder, code=code))
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return python


@pytest.mark.parametrize(
    "text", ["", "gatekeeper-5cat==0.1.0", "gatekeeper-5cat @ git+https://example.org/x@v1", *HOSTILE]
)
def test_what_is_installed_is_one_argument_of_pip_and_by_default_the_action_itself(
    text: str, runner: Runner
) -> None:
    before = runner.listing()
    runner.given["install"] = text
    runner.python = fake_python(runner.temporary / "bin")
    done = runner.run("install")
    assert (done.returncode, done.stderr) == (0, "")
    python, *arguments = (runner.temporary / "bin" / "arguments").read_bytes().decode().split("\0")[:-1]
    assert arguments[:4] == ["-I", "-m", "pip", "install"]
    assert arguments[-2:] == ["--", text or str(ROOT)]
    assert all(each.startswith("--") for each in arguments[4:-1])
    assert runner.listing() == before
    # Into an environment of its own, which the step that decides is told.
    assert Path(python).is_relative_to(runner.temporary)
    assert Path(python) != runner.python
    assert runner.outputs() == {"python": python}


def test_a_failed_installation_fails_the_step(runner: Runner) -> None:
    runner.python = fake_python(runner.temporary / "bin", code=1)
    assert runner.run("install").returncode == 1
    assert not runner.output.exists()


SHADOWS = (
    "gatekeeper/__main__.py",
    "schemas/__init__.py",
    "click/__init__.py",
    "tabulate.py",
    "json.py",
    "sitecustomize.py",
    "usercustomize.py",
)
PASSING = """
import os
with open(os.environ["GITHUB_OUTPUT"], "a") as file:
    file.write("verdict=deployable\\ndeployable=true\\n")
os._exit(0)
"""


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"PYTHONPATH": "."},
        {"PYTHONHOME": "."},
        {"PYTHONSTARTUP": "tabulate.py"},
        {"PYTHONINSPECT": "1"},
        {"PYTHONUSERBASE": "."},
        {"PYTHONPYCACHEPREFIX": "."},
        {"PYTHONWARNINGS": "ignore::tabulate.Shadow"},
        {"_GATEKEEPER_COMPLETE": "bash_source"},
        {"FIRST": "true", "PYTHON": "./python", "MODEL": "best.pt"},
    ],
    ids=str,
)
def test_nothing_in_the_working_directory_or_in_the_variables_of_a_job_decides(
    variables: dict[str, str], runner: Runner
) -> None:
    (runner.folder / "other.pt").write_bytes(model_bytes(b"another model"))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for folder in (".", f"lib/python{version}/site-packages"):
        for name in SHADOWS:
            path = runner.folder / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(PASSING)
    runner.given["model"] = "other.pt"
    done = runner.run("check", **variables)
    assert done.returncode == 3
    assert runner.outputs() == {"verdict": "error", "deployable": "false"}


# What the examples do, from a model to production. Only the training and pip are left out.


def gatekeeper(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-m", "gatekeeper", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
