"""``gatekeeper deploy --to mlflow:NAME@ALIAS``: what it says, and what it ends with."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

from tests.gatekeeper.forgery import MARGIN, Files, forge, measured, refusal
from tests.gatekeeper.mlflow_stores import Store, client

Run = Callable[..., click.testing.Result]

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow")

RULE = """
[[champion]]
metric = "offset_sweep.margin"
splits = ["ood"]
min_gain = 0.0
decide = "bound"
"""


@pytest.fixture
def target(mlflow_database: Store, files: Files, monkeypatch: pytest.MonkeyPatch) -> str:
    """An alias of a model of its own; artifacts go to the working directory."""
    mlflow_database.use(monkeypatch)
    return f"mlflow:of {files.folder.parent.name}@champion"


def go(which: str, target: str, *more: str) -> tuple[str, ...]:
    return ("deploy", f"{which}.pt", "--report", f"{which}.report.json", "--to", target, *more)


def aliased(target: str) -> int:
    name = target.removeprefix("mlflow:").removesuffix("@champion")
    return int(client().get_model_version_by_alias(name, "champion").version)


def test_deploy_history_rollback(files: Files, run: Run, target: str) -> None:
    policy = ["--policy", str(files.policy(RULE))]  # decided on the scores that MLflow keeps
    first = run(*go("weaker", target, *policy))
    assert (first.exit_code, first.stderr) == (0, "")
    told = " ".join(first.stdout.split())
    assert "not verified: first deployment: the champion rules were left out" in told
    done = run(*go("best", target, *policy))
    assert (done.exit_code, done.stderr) == (0, "")
    assert "champion's report " in done.stdout
    name = target.removeprefix("mlflow:")
    assert done.stdout.endswith(f" as version 2; it is models:/{name}\n")
    assert run(*go("weaker", target, *policy)).exit_code == 1
    back = run("deploy", "--to", target, "--rollback")
    assert (back.exit_code, back.stderr, aliased(target)) == (0, "", 1)
    assert back.stdout.startswith("rolled back to version 1: model ")
    listed = run("deploy", "--to", target, "--history").stdout.splitlines()
    assert listed[0].split() == ["version", "deployed", "left", "model", "report", "policy", "signed", "by"]
    assert [line.split()[0] for line in listed[2:]] == ["2", "1"]
    assert "by rollback" in listed[2]
    assert "in production" in listed[3]


def test_what_is_blocked_ends_with_1(files: Files, run: Run, target: str) -> None:
    forge(measured(files.read(), MARGIN, "val", value=0.03), files.report)
    done = run(*go("best", target))
    assert done.exit_code == 1
    assert "BLOCKED: " in refusal(done)


@pytest.mark.parametrize(
    "more", [("best.pt", "--report", "best.report.json"), ("--rollback",), ("--history",)]
)
def test_what_is_no_target_ends_with_2(files: Files, run: Run, more: tuple[str, ...]) -> None:
    done = run("deploy", "--to", "mlflow:a/b@c", *more)
    assert done.exit_code == 2
    assert "expected mlflow:NAME@ALIAS" in refusal(done)


def test_a_server_that_cannot_be_reached_ends_with_3(
    files: Files, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    done = run(*go("best", "mlflow:a@b"))
    assert done.exit_code == 3
    assert "MLflow failed: " in refusal(done)


def test_nothing_is_printed_by_mlflow_in_a_process_of_its_own(
    files: Files, mlflow_server: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow_server.use(monkeypatch)
    found = subprocess.run(
        [sys.executable, "-m", "gatekeeper", *go("best", "mlflow:alone@champion")],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.splitlines()[-1].startswith("deployed model ")
    assert "View run" not in found.stdout
