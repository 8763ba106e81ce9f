"""What the bypass catalogue refuses is let through when nobody touched it."""

import pytest

from tests.gatekeeper.behaviour.bypass.gate import BELOW, Gate, blocked, sign
from tests.gatekeeper.forgery import (
    Files,
    forge,
)

# What is refused below is let through when nobody touched it.


@pytest.mark.parametrize(
    "demands",
    [
        [],
        ["--policy", "strict-5cat"],
        ["--max-age", "1d"],
        ["--trusted-key", "trusted.pub"],
        ["--trusted-key", "foreign.pub", "--trusted-key", "trusted.pub"],
    ],
)
def test_control_the_untouched_submission_is_let_through(
    files: Files, gate: Gate, demands: list[str]
) -> None:
    sign(files)
    paths = [files.folder / each if each.endswith(".pub") else each for each in demands]
    result = gate.ask(files, *paths)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert "DEPLOYABLE: 5 of 5 gates passed" in result.stdout
    assert (files.production / "current").exists() == (gate.name == "deploy")


def test_control_the_honest_report_of_a_worse_model_is_blocked(files: Files, gate: Gate) -> None:
    forge(blocked(files.read()), files.report)
    assert BELOW in gate.refuse(files)
