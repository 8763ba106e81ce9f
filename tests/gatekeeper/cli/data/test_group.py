"""``gatekeeper data``: the group."""

import importlib
from pathlib import Path

import click
import pytest

from tests.gatekeeper.cli.data_sets import Run
from tests.gatekeeper.cli.refusals import refused


def test_the_group_lists_its_commands(run: Run) -> None:
    lines = [line.split() for line in run("data", "--help").stdout.splitlines() if line.startswith("  ")]
    assert [line[0] for line in lines[-6:]] == ["build", "append", "convert", "info", "audit", "synth"]
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


@pytest.mark.parametrize("stop", [KeyboardInterrupt, click.Abort])
@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("build", "bank.npz", "--out", "data", "--split", "val=0.5"), "the data set was complete"),
        (("convert", "val=x.npz", "--bank", "bank.npz", "--out", "data"), "the data set was complete"),
        (("info", "bank.npz"), "all was looked at"),
        (("audit",), "all was looked at"),
    ],
)
def test_an_interrupted_command_says_what_it_did_not_come_to(
    world: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    words: str,
    stop: type[BaseException],
) -> None:
    def interrupted(*arguments: object, **more: object) -> None:
        raise stop

    for name in ("data.formats.corpus", "cli.data.convert", "data.source"):
        module = importlib.import_module(f"gatekeeper.{name}")
        monkeypatch.setattr(module, "read_bank_file", interrupted)
    line = refused(run("data", *command), 3)
    assert line == f"Error: interrupted before {words}; run the command again"
    assert not (world / "data").exists()
