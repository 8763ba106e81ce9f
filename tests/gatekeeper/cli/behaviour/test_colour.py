"""The verdict is coloured on a terminal, unless its reader wants none; anything else gets plain text."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from gatekeeper.cli.terminal import painted
from gatekeeper.render.table import OUTCOMES, render_markdown, render_table
from gatekeeper.render.verdict import render_brief
from schemas.records.judgement import Outcome
from tests.gatekeeper.forgery import Files
from tests.gatekeeper.render.page.pages import report_of
from tests.gatekeeper.terminal import ROOT, seen_on_terminal

GREEN, RED, YELLOW, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[0m"
COLOURS: dict[Outcome, str] = {"deployable": GREEN, "blocked": RED, "error": YELLOW}
PROGRAM = (sys.executable, "-m", "gatekeeper")


def piped(*arguments: str) -> str:
    """What goes to a pipe, whatever terminal the command was started from."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return done.stdout.decode()


def on_terminal(*arguments: str, **variables: str) -> str:
    """What a terminal gets, with the line ends of a program."""
    _, text = seen_on_terminal([*PROGRAM, *arguments], stream="stdout", columns=100, **variables)
    return text.replace("\r\n", "\n")


def bare(text: str) -> str:
    """Without colours; no other sequence is known here."""
    for sequence in (GREEN, RED, YELLOW, PLAIN):
        text = text.replace(sequence, "")
    assert "\x1b" not in text
    return text


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_each_outcome_has_its_colour_and_nothing_else_is_coloured(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatekeeper.cli.terminal.colour_on", lambda stream: True)
    report = report_of()
    verdict = replace(report.judgement.verdict, outcome=outcome)
    report = replace(report, judgement=replace(report.judgement, verdict=verdict))
    for plain in (render_table(report), render_brief(report)):
        coloured = painted(plain, sys.stdout)
        [line] = [line for line in plain.split("\n") if line.startswith(OUTCOMES[outcome])]
        assert coloured == plain.replace(line, f"{COLOURS[outcome]}{line}{PLAIN}")
    assert "\x1b" not in render_markdown(report)


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "0"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colour_is_for_terminals_whose_reader_has_not_asked_for_none(
    variables: dict[str, str], coloured: bool, files: Files
) -> None:
    seen, expected = on_terminal("report", files.report.name, **variables), piped("report", files.report.name)
    assert seen.startswith(f"{GREEN}DEPLOYABLE: ") is coloured
    assert (seen == expected) is not coloured
    assert bare(seen) == expected
    assert "\x1b" not in expected


def test_check_and_deploy_colour_their_verdict(files: Files) -> None:
    name = files.report.name
    assert on_terminal("check", name, "--model", files.model.name).startswith(f"{GREEN}DEPLOYABLE: ")
    assert "\x1b" not in piped("check", name, "--model", files.model.name)
    for form in ("json", "markdown", "junit", "github"):
        assert "\x1b" not in on_terminal("check", name, "--model", files.model.name, "--format", form)
    on_terminal("check", name, "--model", files.model.name, "--output", "decision.txt")
    assert Path("decision.txt").read_text(encoding="utf-8").startswith("DEPLOYABLE: ")
    seen = on_terminal("deploy", files.model.name, "--report", name, "--to", "production")
    assert seen.startswith(f"{GREEN}DEPLOYABLE: ")


def test_eval_and_train_colour_their_verdict(world: Path) -> None:
    seen = on_terminal("eval", "control:constant", "--report", "seen.json")
    assert seen.startswith(f"{RED}BLOCKED: ")
    assert bare(seen).splitlines()[:-3] == piped("eval", "control:constant").splitlines()[:-2]
    assert "\x1b" not in on_terminal("eval", "control:constant", "--format", "markdown")
    seen = on_terminal("train", "ridge", "--out", "seen")
    assert seen.startswith((f"{RED}BLOCKED: ", f"{GREEN}DEPLOYABLE: "))
    assert "\x1b" not in piped("train", "ridge", "--out", "piped")
