"""What became of releases, in one line and as a table."""

from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.deployment.folder import DeploymentFolder
from gatekeeper.deployment.target import Release, ReleasedModel, Target
from gatekeeper.integrations.mlflow.target import MlflowTarget
from gatekeeper.render.deployment import render_history, render_release
from schemas.records.decision import PolicyUsed

MODEL, REPORT, SIGNER = "a" * 64, "b" * 64, "c" * 64
FOLDER, REGISTRY = DeploymentFolder(Path("production")), MlflowTarget("lab", "champion")
FIRST = Release(
    release=1,
    deployed="2026-01-31T09:30:00Z",
    model=ReleasedModel("model.pt", MODEL),
    report_sha256=REPORT,
    signer=None,
    policy=PolicyUsed("seed-5cat", "d" * 64, "built-in"),
    predecessor=None,
)
SECOND = replace(
    FIRST, release=2, signer=SIGNER, policy=PolicyUsed("own", "d" * 64, "own.toml"), predecessor=1
)


@pytest.mark.parametrize(
    ("release", "target", "done"),
    [
        (FIRST, FOLDER, "deployed model aaaaaaaaaaaa as release 1"),
        (FIRST, REGISTRY, "deployed model aaaaaaaaaaaa as version 1"),
        (
            replace(FIRST, release=3, restores=1),
            FOLDER,
            "rolled back to release 1: model aaaaaaaaaaaa as release 3",
        ),
        (replace(FIRST, restores=1), REGISTRY, "rolled back to version 1: model aaaaaaaaaaaa"),
    ],
)
def test_what_is_in_production_is_told_in_one_line(release: Release, target: Target, done: str) -> None:
    assert render_release(release, target) == f"{done}; it is {target.address(release)}"


@pytest.mark.parametrize("target", [FOLDER, REGISTRY])
def test_no_release_is_no_table(target: Target) -> None:
    assert render_history((), target) == "nothing was deployed yet"


def cells(releases: tuple[Release, ...], target: Target) -> list[list[str]]:
    lines = render_history(releases, target).splitlines()
    return [
        [cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines if "---" not in line
    ]


def test_the_releases_of_a_folder_say_what_was_done() -> None:
    back = replace(FIRST, release=3, restores=1)
    common = ["2026-01-31T09:30:00Z"], ["aaaaaaaaaaaa", "bbbbbbbbbbbb"]
    assert cells((back, SECOND, FIRST), FOLDER) == [
        ["release", "time", "action", "model", "report", "policy", "signed by"],
        ["3", *common[0], "rollback to 1", *common[1], "seed-5cat", "-"],
        ["2", *common[0], "deploy", *common[1], "own (own.toml)", "cccccccccccc"],
        ["1", *common[0], "deploy", *common[1], "seed-5cat", "-"],
    ]


def test_the_versions_of_a_registry_say_when_they_were_left() -> None:
    left = replace(FIRST, left="2026-02-01T09:30:00Z for 2", policy=PolicyUsed("own", "d" * 64, ""))
    rows = cells((SECOND, left), REGISTRY)
    assert rows[0][:3] == ["version", "deployed", "left"]
    assert [row[2] for row in rows[1:]] == ["in production", "2026-02-01T09:30:00Z for 2"]
    assert [row[5] for row in rows[1:]] == ["own (own.toml)", "own"]


def test_a_text_of_others_is_shown_on_one_line() -> None:
    hostile = replace(FIRST, policy=PolicyUsed("a\n\x1b[31mb", "d" * 64, "built-in"))
    table = render_history((hostile,), FOLDER)
    assert len(table.splitlines()) == 3
    assert "\x1b" not in table
