"""Companions and champions that are not what they should be."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.data.synthetic.predictor import write_predictor
from tests.gatekeeper.behaviour.bypass.gate import Gate, sign
from tests.gatekeeper.forgery import (
    WORLD,
    Files,
    forge,
    invoke,
    refusal,
    write_derived,
)

# Companions and champions.

CHAMPION = """
[[champion]]
metric = "offset_sweep.cos"
splits = ["val", "ood"]
min_gain = 0.0
decide = "bound"
"""


@pytest.mark.parametrize("whose", ["model", "champion"])
@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_missing_or_changed_companion_is_refused_where_it_decides(
    files: Files, whose: str, damage: str
) -> None:
    scores = files.scores if whose == "model" else files.weaker_report.with_suffix(".scores.npz")
    demands: list[str | Path] = ["--policy", files.policy(CHAMPION), "--champion", files.weaker_report]
    assert Gate("check").ask(files, *demands).exit_code == 0
    if damage == "missing":
        scores.unlink()
    else:
        scores.write_bytes(scores.read_bytes() + b"\0")
    message = Gate("check").refuse(files, *demands)
    assert str(scores) in message
    assert message.endswith("keep them beside the report" if damage == "missing" else "its digest differs")


def test_a_report_that_names_no_companion_is_refused_where_it_decides(files: Files) -> None:
    forge(replace(files.read(), scores=None), files.report)
    message = Gate("check").refuse(
        files, "--policy", files.policy(CHAMPION), "--champion", files.weaker_report
    )
    assert message == f"Error: {files.report} names no file with per-sample scores; evaluate the model again"


@pytest.mark.parametrize(
    "name",
    [
        "../best.report.scores.npz",
        "/best.report.scores.npz",
        "..",
        ".",
        "",
    ],
)
def test_a_companion_in_another_folder_is_refused(files: Files, name: str) -> None:
    report = files.read()
    assert report.scores is not None
    write_derived(replace(report, scores=replace(report.scores, name=name)), files.report)
    Gate("check").refuse(files, "--policy", files.policy(CHAMPION), "--champion", files.weaker_report)


@pytest.mark.parametrize("name", ["report.json", "report.dsse.json"])
def test_a_companion_called_as_a_file_in_production_does_not_replace_it(files: Files, name: str) -> None:
    assert files.report.name != name
    other = files.folder / name
    other.write_text("something else")
    report = files.read()
    assert report.scores is not None
    digest = hashlib.sha256(other.read_bytes()).hexdigest()
    forge(replace(report, scores=replace(report.scores, name=name, sha256=digest)), files.report)
    sign(files)
    result = Gate("deploy").ask(files, "--trusted-key", files.public)
    if result.exit_code != 0:
        refusal(result)
        return
    kept = (files.production / "current" / "report.json").resolve()
    assert kept.read_bytes() == files.report.read_bytes()
    assert kept.with_name("report.dsse.json").read_bytes() == files.signature.read_bytes()


def test_a_companion_without_a_name_is_no_crash_of_a_deployment(files: Files) -> None:
    report = files.read()
    assert report.scores is not None
    forge(replace(report, scores=replace(report.scores, name="")), files.report)
    result = Gate("deploy").ask(files)
    assert result.exit_code == 0 or refusal(result)


def test_champion_rules_without_a_champion_are_not_passed(files: Files) -> None:
    message = Gate("check").refuse(files, "--policy", files.policy(CHAMPION))
    assert "the gain of offset_sweep.cos on val over the champion was not measured" in message
    assert "not verified: the policy has champion rules: add --champion REPORT" in message


def test_the_report_of_a_weaker_champion_than_the_one_in_production_is_refused(files: Files) -> None:
    demands: list[str | Path] = ["--policy", files.policy(CHAMPION)]
    assert Gate("deploy").ask(files, *demands).exit_code == 0
    write_predictor(files.folder / "worst.pt", WORLD, power=0.8)
    worst = files.folder / "worst.pt"
    assert invoke("eval", worst, "--config", files.folder / "gatekeeper.toml").exit_code == 0
    weaker: list[str | Path] = [
        "deploy",
        files.weaker,
        "--report",
        files.weaker_report,
        "--to",
        files.production,
        *demands,
    ]
    assert "is about another model" in refusal(
        invoke(*weaker, "--champion", worst.with_suffix(".report.json"))
    )
    assert "FAIL     against champion   -0.006" in refusal(invoke(*weaker))
    assert os.readlink(files.production / "current") == "releases/000001"


def test_an_unsigned_champion_is_refused_where_a_signature_is_demanded(files: Files) -> None:
    sign(files)
    demands: list[str | Path] = ["--trusted-key", files.public, "--policy", files.policy(CHAMPION)]
    message = Gate("check").refuse(files, *demands, "--champion", files.weaker_report)
    assert message.startswith(f"Error: {files.weaker_report} is not signed: ")
