"""``gatekeeper data``: the group."""

import pytest

from tests.gatekeeper.commands.data_sets import Run


def test_the_group_lists_its_commands(run: Run) -> None:
    lines = [line.split() for line in run("data", "--help").stdout.splitlines() if line.startswith("  ")]
    assert [line[0] for line in lines[-5:]] == ["build", "convert", "info", "audit", "synth"]
    assert run("data", "nothing").exit_code == 2


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        ("build", "Exit codes: 0 done, 2 usage error, 3 the source, the encoder or the folder is unusable."),
        (
            "info",
            "Exit codes: 0 done, 2 usage error, 3 the file is unusable (what is wrong with it is listed).",
        ),
        (
            "audit",
            "Exit codes: 0 the gates can be decided, 1 the splits leak or are too small, 2 usage error, 3 "
            "the data is unusable.",
        ),
    ],
)
def test_help_names_the_exit_codes(run: Run, command: str, codes: str) -> None:
    assert codes in " ".join(run("data", command, "--help").stdout.split())
